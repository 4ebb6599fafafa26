"""Table robustness: the same runs under every condition, of all benchmarks: what of the forgotten shows, and what of the kept is
lost. No condition is known here by name: what its file says of it stands in the rows.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from grunflow.benchmarks.base import Benchmark, Metric, forgetting
from grunflow.evaluation.metrics import gate
from grunflow.reporting.columns import FORGET, KEEP, columns
from grunflow.reporting.entries import PLAIN
from grunflow.reporting.external import called
from grunflow.reporting.forms import Table, figure_column, put, stacked
from grunflow.reporting.intervals import of_questions
from grunflow.reporting.results import Results
from grunflow.reporting.rivals import minus_rivals
from grunflow.reporting.samples import Method, Samples, Scores, plainly, runs_of, scores_of
from grunflow.reporting.seeds import factors
from grunflow.reporting.tables.main import ACCESS, CONDITION, STRENGTH, whole_table

LEAK, CHANGE, COLLATERAL, MEASURE = "leak", "leak_change", "collateral", "measure"
TITLES = {LEAK: "Leak ↓", CHANGE: "Leak's change ↓", COLLATERAL: "Collateral ↓"}
SAID = (
    "Runs under conditions: black-box, asked in another way, or white-box, the model changed or looked into, with nothing trained; or attacked, trained "
    "further by so many steps (strength). Leak: what shows of "
    "what is to be forgotten, by the measure named; its change: minus the same asked plainly, paired; collateral: how much less is left "
    "than plainly of what is to be kept, paired. The CSV has the leak, and its change, minus those of every other carrier, paired; a condition may be put to some of the seeds (column Seeds). A reference model's row says what the form of the question does by itself; of a measure from inside "
    "the model, what it is of one that knows all, and of one that never did."
)


def robustness_table(*results: Results) -> Table:
    """robustness as it is written."""
    found = {item.name: of_benchmark(item) for item in results}
    captions = " ".join(table.caption for table in found.values())
    return stacked(found, f"{SAID} {captions}")


def of_benchmark(results: Results) -> Table:
    """The part of one benchmark: every figure of its main table, and what a condition did."""
    table = whole_table(results, "every", (CONDITION, ACCESS, STRENGTH))
    groups = runs_of(results.every)
    apart = minus_rivals(groups, lambda method, group: leaks(results, method, group))
    rows = [done(results, method, group) | more for (method, group), more in zip(groups.items(), apart, strict=True)]
    figures = pd.DataFrame(rows, index=table.tidy.index)
    place = table.tidy.columns.get_loc("seeds")
    tidy = pd.concat([table.tidy.iloc[:, :place], figures, table.tidy.iloc[:, place:]], axis=1)
    heads = [name for name in ("variant", CONDITION, STRENGTH, ACCESS, MEASURE) if name in tidy]
    shown = tidy[["model", "objective", "carrier", *heads]].assign(carrier=called(tidy)).rename(columns=str.capitalize)
    shown["Strength"] = [f"{value:g}" if value == value else "" for value in tidy[STRENGTH]]
    for name, title in TITLES.items():
        shown[title] = figure_column(tidy, name)
    for column in columns(results.benchmark, results.every):
        if column.metric.of is gate and column.role in (FORGET, KEEP) and column.name in tidy:
            shown[column.title] = figure_column(tidy, column.name)
    shown["Seeds"] = tidy["seeds"]
    return Table(tidy, shown, table.caption)


def done(results: Results, method: Method, group: pd.DataFrame) -> dict:
    """What a condition did to the runs of a method, one row of `group` per seed."""
    scores, plain = (
        scores_of(results, method.condition, list(group["run"]), method.point),
        plainly(results, method, group),
    )
    metric = measure(results.benchmark, scores)
    row: dict[str, Any] = {MEASURE: ""}
    for name in TITLES:
        row |= {f"{name}{end}": float("nan") for end in ("", "_lo", "_hi")}
    if metric is None:
        return row
    row[MEASURE], span = metric.name, metric.bounds[1] - metric.bounds[0]
    kept, kept_before = (of_role(results.benchmark, metric, known, KEEP) for known in (scores, plain))
    found = dict(leaks(results, method, group))
    if method.condition != PLAIN and kept is not None and kept_before is not None:
        found[COLLATERAL] = of_questions(kept_before - kept, (-span, span), factors(group))
    for name, sample in found.items():
        put(row, name, sample.interval())
    return row


def leaks(results: Results, method: Method, group: pd.DataFrame) -> Samples:
    """What shows of what is to be forgotten, where the condition's probe tells, and how much more than asked plainly."""
    scores = scores_of(results, method.condition, list(group["run"]), method.point)
    metric = measure(results.benchmark, scores)
    leak = None if metric is None else of_role(results.benchmark, metric, scores, FORGET)
    if metric is None or leak is None:
        return {}
    found: Samples = {LEAK: of_questions(leak, metric.bounds, factors(group))}
    before = of_role(results.benchmark, metric, plainly(results, method, group), FORGET)
    if method.condition != PLAIN and before is not None:
        span = metric.bounds[1] - metric.bounds[0]
        found[CHANGE] = of_questions(leak - before, (-span, span), factors(group))
    return found


def measure(benchmark: Benchmark, scores: Scores) -> Metric | None:
    """By what forgetting is followed, where the condition's probe gave it; else the last of single questions that says what is
    known."""
    known = [item for item in benchmark.metrics if item.per == "question" and item.measures == "knowledge"]
    first = [item for item in (forgetting(benchmark),) if item is not None]
    fit = [item for item in (*first, *reversed(known)) if of_role(benchmark, item, scores, FORGET) is not None]
    return fit[0] if fit else None


def of_role(benchmark: Benchmark, metric: Metric, scores: Scores, role: str) -> NDArray | None:
    """The metric of every question of the sets of a role, (seeds, questions); None where one has none."""
    sets = [item.name for item in benchmark.sets if item.role == role]
    found = [scores[name, metric.name] for name in sets if (name, metric.name) in scores]
    if not found or len(found) < len(sets) or any(np.isnan(part).any() for part in found):
        return None
    return np.concatenate(found, axis=1)
