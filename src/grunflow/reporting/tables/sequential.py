"""Table sequential: methods after each request of a sequence, on the questions of each request until then."""

import pandas as pd

from grunflow.reporting.columns import FORGET, columns, utility
from grunflow.reporting.forms import Table, stacked
from grunflow.reporting.results import Results
from grunflow.reporting.rivals import Groups, Reader, Rivals, is_own, minus_rivals
from grunflow.reporting.samples import Method, Samples, by_method, of_method, runs_of
from grunflow.reporting.tables.main import CONDITION, STRENGTH, whole_table

REQUEST, LEFT = "request", "requests_left"
NAMES = {CONDITION: "sequence", STRENGTH: "step"}
SAID = (
    "Requests in turn: step says how many were made, request whose questions the forget figures are of (0: of all so far); step 0 is a "
    "model that no request was put to. The CSV has how many requests are left, and what is compared minus the same on every other carrier, "
    "paired: in the same sequence, else in the first with as many requests that the other took."
)


def sequential_table(*results: Results) -> Table:
    """sequential as it is written."""
    found = {item.name: _of_benchmark(item) for item in results}
    whole = stacked(found, f"{SAID} {' '.join(table.caption for table in found.values())}")
    whole.tidy.rename(columns=NAMES, inplace=True)
    whole.shown.rename(columns={name.capitalize(): told.capitalize() for name, told in NAMES.items()}, inplace=True)
    for column in ("Step", "Request"):
        whole.shown[column] = whole.shown[column].str.removesuffix(".0")
    return whole


def _of_benchmark(results: Results) -> Table:
    table, groups = whole_table(results, "requested", (CONDITION, STRENGTH, REQUEST)), runs_of(results.requested)
    apart = pd.DataFrame(minus_rivals(groups, _compared(results, groups), _in_turn), index=table.tidy.index)
    tidy = pd.concat([table.tidy, apart], axis=1)
    left = tidy[CONDITION].map(_requests(groups)) - tidy[STRENGTH]
    tidy.insert(tidy.columns.get_loc(REQUEST) + 1, LEFT, left)
    return Table(tidy, table.shown, table.caption, table.bold)


def _compared(results: Results, groups: Groups) -> Reader:
    """What is left of the model, and what methods are compared by of what is to be forgotten."""
    every, whole = by_method(results, "requested"), utility(results.benchmark)
    of_sets = [item for item in columns(results.benchmark, results.requested) if item.role == FORGET]
    names = {item.name for item in of_sets if item.compared} | {item.name for item in (whole,) if item}

    def read(method: Method, group: pd.DataFrame) -> Samples:
        known = every[method] if len(group) == len(groups[method]) else of_method(results, method, group)
        return {name: sample for name, sample in known.items() if name in names}

    return read


def _requests(groups: Groups) -> dict[str, int]:
    """Sequence -> how many requests it has."""
    found: dict[str, int] = {}
    for method in groups:
        found[method.condition] = max(found.get(method.condition, 0), int(method.point.partition("/")[0]))
    return found


def _in_turn(groups: Groups) -> Rivals:
    """Of each method those of other carriers after the same requests: in the same sequence, else in the first of as many requests
    that the carrier took."""
    requests, alike = _requests(groups), dict[tuple[Method, int], list[Method]]()
    for method in filter(is_own, groups):
        alike.setdefault((method.block._replace(condition=""), requests[method.condition]), []).append(method)
    found: dict[Method, list[Method]] = {}
    for methods in alike.values():
        for mine in methods:
            others = {mine.carrier: mine}
            for other in sorted(methods, key=lambda item: item.condition != mine.condition):
                others.setdefault(other.carrier, other)
            found[mine] = list(others.values())[1:]
    return found
