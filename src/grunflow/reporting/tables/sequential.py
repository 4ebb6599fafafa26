"""Table sequential: methods after each request of a sequence, on the questions of each request until then."""

from grunflow.reporting.forms import Table, stacked
from grunflow.reporting.results import Results
from grunflow.reporting.tables.main import CONDITION, STRENGTH, whole_table

REQUEST = "request"
NAMES = {CONDITION: "sequence", STRENGTH: "step"}
SAID = (
    "Requests in turn: step says how many were made, request whose questions the forget figures are of (0: of all so far); step 0 is a "
    "model that no request was put to."
)


def sequential_table(*results: Results) -> Table:
    """sequential as it is written."""
    found = {item.name: whole_table(item, "requested", (CONDITION, STRENGTH, REQUEST)) for item in results}
    whole = stacked(found, f"{SAID} {' '.join(table.caption for table in found.values())}")
    whole.tidy.rename(columns=NAMES, inplace=True)
    whole.shown.rename(columns={name.capitalize(): told.capitalize() for name, told in NAMES.items()}, inplace=True)
    for column in ("Step", "Request"):
        whole.shown[column] = whole.shown[column].str.removesuffix(".0")
    return whole
