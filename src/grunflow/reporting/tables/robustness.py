"""Table robustness: the same runs under every condition, of all benchmarks."""

from grunflow.reporting.forms import Table, stacked
from grunflow.reporting.results import Results
from grunflow.reporting.tables.main import CONDITION, STRENGTH, whole_table


def robustness_table(*results: Results) -> Table:
    """robustness as it is written."""
    found = {item.name: whole_table(item, "every", (CONDITION, STRENGTH)) for item in results}
    captions = " ".join(table.caption for table in found.values())
    return stacked(found, f"Runs under conditions, with nothing trained. {captions}")
