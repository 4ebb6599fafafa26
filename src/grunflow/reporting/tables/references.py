"""Table <benchmark>_references: how far every method is from the models that no method trained.

Against the target model a difference says what unlearning changed, against the retain model what is still missing or was
overdone; two retain models of other seeds differ too, and by how much (the floor) says which differences mean little.
"""

from itertools import permutations

import numpy as np
import pandas as pd

from grunflow.benchmarks.base import RETAIN, RunScores
from grunflow.reporting.columns import Column
from grunflow.reporting.external import called
from grunflow.reporting.forms import Table, figure_column, put, without_empty
from grunflow.reporting.intervals import METHOD as INTERVALS
from grunflow.reporting.intervals import Interval
from grunflow.reporting.results import Results
from grunflow.reporting.samples import Method, by_method, minus_reference, runs_of
from grunflow.reporting.seeds import TARGET, said, source
from grunflow.reporting.tables.differences import beyond_noise, compared

ANOTHER = f"{RETAIN} of another seed"
PAIRS = "range over pairs"
DISTANCE = "_distance"
IDENTITY = ["model", "split", "objective", "variant", "carrier", "carrier_kind", "against", "seeds", "interval"]


def references(results: Results) -> pd.DataFrame:
    """One row per method (reference models too) and reference: figure of the method minus that of the reference, paired by seed
    and question, with _lo and _hi; of figures that are to come near the retain model's also how far they are from it.

    Last the floor: what two retain models differ by, the mean size over pairs, with the smallest and the largest.
    """
    rows, every, samples = [], compared(results), by_method(results, "shown")
    for method, group in runs_of(results.shown).items():
        for reference in results.benchmark.references:
            if method.objective == reference or reference not in set(results.metrics["objective"]):
                continue
            found = minus_reference(results, method, group, samples[method], reference)
            if not found:  # a model of others beside several reference models: none is its own
                continue
            row = _identity(method) | {"against": reference, "seeds": len(group), "interval": source(len(group))}
            for column in (column for column in every if column.name in found):
                interval = found[column.name].interval()
                put(row, column.name, interval)
                if column.toward == reference:
                    put(row, f"{column.name}{DISTANCE}", size(interval))
            rows.append(row)
    rows += floors(results, every)
    figures = [f"{column.name}{form}" for column in every for form in ("", DISTANCE)]
    columns = [*IDENTITY, *(name + end for name in figures for end in ("", "_lo", "_hi"))]
    table = pd.DataFrame(rows, columns=columns).dropna(axis=1, how="all")
    return without_empty(table)


def _identity(method: Method) -> dict:
    return {
        name: getattr(method, name) for name in ("model", "split", "objective", "variant", "carrier", "carrier_kind")
    }


def size(difference: Interval) -> Interval:
    """Of a difference its size: from 0 where the interval holds 0."""
    ends = sorted((abs(difference.lo), abs(difference.hi)))
    return Interval(abs(difference.mean), 0.0 if difference.lo <= 0 <= difference.hi else ends[0], ends[1])


def floors(results: Results, every: list[Column]) -> list[dict]:
    """A row per model and split with two retain models and more."""
    found = []
    for method, group in runs_of(results.metrics[results.metrics["objective"] == RETAIN]).items():
        if group[TARGET].nunique() < 2:
            continue
        scores = {
            run: RunScores(rows, {}) for run, rows in results.questions.groupby("run") if run in set(group["run"])
        }
        row = _identity(method) | {"against": ANOTHER, "seeds": len(group), "interval": PAIRS}
        for column in every:
            values = np.array(
                [_apart(column, group, scores, one, other) for one, other in permutations(range(len(group)), 2)]
            )
            if not np.isnan(values).any():
                put(row, column.name, Interval(float(values.mean()), float(values.min()), float(values.max())))
        found.append(row)
    return found


def _apart(column: Column, group: pd.DataFrame, scores: dict[str, RunScores], one: int, other: int) -> float:
    """How far two retain models are apart; of a figure that compares a run with the retain model, that comparison of the two."""
    metric = column.metric
    if metric.reference != RETAIN:
        return float(abs(group[column.name].iloc[one] - group[column.name].iloc[other]))
    if metric.keeps is None:  # it reads what is not kept per question
        return float("nan")
    mine, theirs = (scores[group["run"].iloc[place]] for place in (one, other))
    return float(metric.of(RunScores(mine.questions, mine.frames, {RETAIN: theirs})))


def references_table(results: Results) -> Table:
    """<benchmark>_references as it is written."""
    found = references(results)
    shown = found[["model", "objective", "carrier"]].assign(carrier=called(found)).rename(columns=str.capitalize)
    if "variant" in found:
        shown["Variant"] = found["variant"]
    shown["Minus"] = found["against"]
    cells = set()
    for column in compared(results):
        if column.name in found:
            shown[column.title] = figure_column(found, column.name, "+.3f")
            clear = beyond_noise(found, column.name) & (found["interval"] != PAIRS)
            cells |= {(int(place), column.title) for place in found.index[clear]}
    shown["Seeds"] = found["seeds"]
    floor = (
        f" Rows `{ANOTHER}`: how large a difference two models show that never learnt what was to be forgotten, the mean over "
        "pairs [smallest, largest]; a smaller one says little."
    )
    over = (
        f" Against the {RETAIN} model a forget figure below 0 is over-forgetting: less is known than by a model that never "
        "learnt it."
    )
    text = (
        f"{results.title}, paired differences to models that no method trained. {results.note} Mean difference over the same "
        f"questions and seeds [95 % interval: {INTERVALS}]. {said(results.metrics)} Bold: the interval excludes 0."
        f"{over if (found['against'] == RETAIN).any() else ''}{floor if (found['against'] == ANOTHER).any() else ''}"
    )
    return Table(found, shown, text, frozenset(cells))
