"""The sheets of published numbers: CSV files with a cell per line, its number typed as it was printed.

A cell speaks of `<set>_<metric>` or of a metric of whole runs, as tables name their columns. A figure by somebody's own
definition goes by the name of the one that it resembles, a dot and a word (`forget_quality.open_unlearning`): it stands in the
ledger and meets none of ours.
"""

import csv
import io
import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from grunflow.benchmarks.base import Benchmark
from grunflow.errors import BadInput, unknown_name

IDENTITY = ("model", "split", "objective", "carrier", "metric")
COLUMNS = (*IDENTITY, "value", "unit", "definition", "source", "table", "place", "read")
CAVEAT = "caveat"  # the source's own; a sheet may leave the column out
# Factor from a printed number to ours.
UNITS = {"fraction": 1.0, "percent": 0.01, "p-value": 1.0}
READ = ("first hand", "second hand", "nobody yet")
PRINTED = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
APART = "."  # between a figure's name and whose definition it is
NEAR = 0.88  # likeness from which a name is taken for a misspelt one; "wmdp_chem" is no misspelt "wmdp_bio"
Cell = dict[str, str]


class Names(NamedTuple):
    """What cells may speak of. sets: of questions. of_sets, of_runs: metric or its change -> least and greatest value."""

    sets: frozenset[str]
    of_sets: dict[str, tuple[float, float]]
    of_runs: dict[str, tuple[float, float]]

    @property
    def known(self) -> list[str]:
        return [*(f"{group}_{metric}" for group in sorted(self.sets) for metric in self.of_sets), *self.of_runs]


def names_of(benchmarks: Iterable[Benchmark]) -> Names:
    sets: set[str] = set()
    of_sets: dict[str, tuple[float, float]] = {}
    of_runs: dict[str, tuple[float, float]] = {}
    for benchmark in benchmarks:
        sets |= {item.name for item in benchmark.sets}
        for metric in benchmark.metrics:
            (of_runs if metric.per == "run" else of_sets)[metric.name] = metric.bounds
            if metric.change:
                span = metric.bounds[1] - metric.bounds[0]
                of_sets[metric.change] = (-span, span)
    return Names(frozenset(sets), of_sets, of_runs)


def read_sheets(paths: Iterable[str], names: Names) -> list[Cell]:
    """Every cell of every sheet; an empty value waits for somebody with the source.

    Raises:
        BadInput: no file, or a column, unit, number or metric that is none, or one cell twice; names file, line and column.
    """
    found: list[Cell] = []
    taken: dict[tuple[str, ...], str] = {}
    for path in paths:
        for line, cell in _lines(path):
            where = f"{path} line {line}"
            checked = _checked(cell, where, names)
            key = tuple(checked[name] for name in (*IDENTITY, "source", "table", "definition"))
            if key in taken:
                raise BadInput(f"{where}: the cell of {taken[key]} once more; leave one of them.")
            taken[key] = where
            found.append(checked)
    return found


def _lines(path: str) -> Iterable[tuple[int, Cell]]:
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise BadInput(
            f"config.published: no file {path!r} ({error.strerror}). Correct the path or remove it."
        ) from None
    except UnicodeDecodeError:
        raise BadInput(f"{path}: not UTF-8; save the sheet as UTF-8.") from None
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        if tuple(reader.fieldnames or ()) not in (COLUMNS, (*COLUMNS, CAVEAT)):
            raise BadInput(
                f"{path} line 1: got columns {reader.fieldnames}, expected {list(COLUMNS)} and, if you like, {CAVEAT!r}."
            )
        yield from ((reader.line_num, row) for row in reader)
    except csv.Error as error:
        raise BadInput(f'{path} line {reader.line_num}: no CSV ({error}); quote texts by a pair of ".') from None


def _checked(cell: Cell, where: str, names: Names) -> Cell:
    if None in cell or None in cell.values():
        raise BadInput(f"{where}: not as many cells as columns; quote a text that holds a comma.")
    for name, known in (("unit", UNITS), ("read", READ)):
        if cell[name] not in known:
            raise BadInput(f"{where}, {name}: {unknown_name(name, cell[name], known)}")
    check_metric(cell["metric"], where, names)
    if cell["value"]:
        check_value(cell, where, names)
    return {CAVEAT: "", **cell}


def check_metric(called: str, where: str, names: Names) -> None:
    """Refuse a misspelt name: one that is like a known one, or one of a known set that has no such metric. Others may be of
    benchmarks that this study has not."""
    name = called.partition(APART)[0]
    group = _group(name, names)
    if name in names.of_runs or group in names.sets:
        return
    of_known_set = group is None and any(name.startswith(f"{known}_") for known in names.sets)
    near = get_close_matches(name, names.known, n=1, cutoff=NEAR)
    if of_known_set or near or not name or (group and get_close_matches(group, names.sets, n=1, cutoff=NEAR)):
        raise BadInput(f"{where}, metric: {unknown_name('metric', called, names.known)}")


def _group(name: str, names: Names) -> str | None:
    """What stands before `_<metric>` of the longest such metric; None where none ends the name."""
    ends = [metric for metric in names.of_sets if name.endswith(f"_{metric}")]
    return name[: -len(max(ends, key=len)) - 1] if ends else None


def check_value(cell: Cell, where: str, names: Names) -> None:
    value, unit = cell["value"], cell["unit"]
    if not PRINTED.fullmatch(value):
        raise BadInput(
            f"{where}, value: got {value!r}, expected a number as printed, or nothing for a cell that waits."
        )
    low, high = (0.0, 1.0) if unit == "p-value" else _bounds(cell["metric"].partition(APART)[0], names)
    low, high = low / UNITS[unit], high / UNITS[unit]
    if not low <= float(value) <= high:
        raise BadInput(
            f"{where}, value: got {value} as a {unit}, expected {low:g} to {high:g}; correct it or the unit."
        )


def _bounds(name: str, names: Names) -> tuple[float, float]:
    """Of a metric that the study has not, differences are taken to be possible."""
    if name in names.of_runs:
        return names.of_runs[name]
    fit = [metric for metric in names.of_sets if name.endswith(f"_{metric}")]
    return names.of_sets[max(fit, key=len)] if fit else (-1.0, 1.0)
