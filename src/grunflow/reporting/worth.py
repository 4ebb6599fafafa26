"""What a metric is worth as a witness of forgetting: whether it tells models that know from those that never did, and whether what
it calls forgotten stays so.

Source: the meta-evaluation of OpenUnlearning (Dorna et al., 2506.12618); docs/robustness.md has the variants and what differs.
"""

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from grunflow.benchmarks.base import RETAIN, TARGET
from grunflow.evaluation.run_metrics import auroc, auroc_parts
from grunflow.reporting.columns import FORGET, Column, columns
from grunflow.reporting.entries import PLAIN
from grunflow.reporting.intervals import Interval, Sample
from grunflow.reporting.results import Results
from grunflow.reporting.samples import Scores, reference_runs, runs_of, scores_of

SEEDS, QUESTIONS = "seeds", "questions"


class Apart(NamedTuple):
    """area: how often a model, or a question, that was learnt scores higher than one that was not. over: which of the two."""

    area: Interval
    over: str


def judged(results: Results) -> list[Column]:
    """Figures of what is to be forgotten, between 0 and 1, that no other model is needed for."""
    every = columns(results.benchmark, results.metrics)
    fit = [item for item in every if item.metric.bounds == (0.0, 1.0) and not item.metric.reference]
    return [item for item in fit if (item.role == FORGET if item.set else item.metric.measures == "nothing")]


def known(column: Column, values: NDArray) -> NDArray:
    """The figure so that more of it says that more is known."""
    return 1 - values if column.metric.measures == "quality" else values


def told_apart(results: Results, targets: pd.DataFrame, retained: pd.DataFrame, column: Column) -> Apart | None:
    """Between target and retain models (rows of metrics): over seeds where both have several, else over the questions of the first of
    each; None where the figure is not known of them, or is none of single questions."""
    values = [known(column, rows[column.name].to_numpy(float)) for rows in (retained, targets)]
    if any(np.isnan(part).any() for part in values):
        return None
    if min(map(len, values)) > 1:
        return Apart(Interval(auroc(*values), np.nan, np.nan), SEEDS)
    asked = [_of_questions(column, scores_of(results, PLAIN, [rows["run"].iloc[0]])) for rows in (retained, targets)]
    if any(part is None for part in asked):
        return None
    without, learnt = (known(column, part) for part in asked if part is not None)
    area = auroc(without[0], learnt[0])
    # Both models answer the same questions: a question's share in the area is what it gives on either side.
    shares = np.add(*auroc_parts(without, learnt))
    found = Sample(np.array([area]), (shares,)).interval()
    return Apart(found if 0 < area < 1 else Interval(area, np.nan, np.nan), QUESTIONS)


def said(results: Results, names: Collection[str]) -> str:
    """The AUROC of those of these columns that are judged, of each model, as a sentence; empty where none is known."""
    found = []
    for model, _, targets, retained in references(results):
        known_of = {
            column.title: told_apart(results, targets, retained, column)
            for column in judged(results)
            if column.name in names
        }
        told = [f"{title} {apart.area.mean:.2f}" for title, apart in known_of.items() if apart]
        found += [f"{model}: {', '.join(told)}"] if told else []
    return f"AUROC of a figure, target against retain model (table metrics), {'; '.join(found)}." if found else ""


def _of_questions(column: Column, scores: Scores) -> NDArray | None:
    """Scores whose mean is the figure, (runs, questions)."""
    if column.set:
        return scores[column.set, column.metric.name]
    parts: tuple[NDArray, ...] = column.metric.sample(scores) if column.metric.sample else ()
    return parts[0] if len(parts) == 1 else None


def relearnt(results: Results, model: str, attack: str, column: Column) -> Interval | None:
    """R, mean over attacked runs with the smallest and the largest: what the retain model gains as a share of what the run gains, at
    most 1; 1 where the run gains no more, 0 where the retain model gains nothing and the run does."""
    rows = results.every[(results.every["model"] == model) & (results.every["condition"] == attack)]
    points = sorted(set(rows["point"]), key=int)
    values = rows.set_index(["run", "point"])[column.name]
    found = []
    for method, group in runs_of(rows[rows["point"] == points[0]] if points else rows).items():
        for run, reference in zip(group["run"], reference_runs(results, method, group, RETAIN), strict=False):
            if method.carrier:
                own, theirs = (_gain(column, values, name, points) for name in (run, reference))
                found.append(1.0 if own <= max(theirs, 0.0) else max(theirs, 0.0) / own)
    return _range(found)


def _gain(column: Column, values: pd.Series, run: str, points: list[str]) -> float:
    """How much more is known after the last step than before the first."""
    before, after = known(column, np.array([values[run, point] for point in (points[0], points[-1])], float))
    return float(after - before)


def rounded(results: Results, model: str, condition: str, column: Column) -> Interval | None:
    """Q, mean over runs with the smallest and the largest: what is known before rounding as a share of what is known after, at most 1."""
    rows = results.every[(results.every["model"] == model) & (results.every["condition"] == condition)]
    plain = results.metrics.set_index("run")[column.name]
    before, after = (known(column, part.to_numpy(float)) for part in (plain[rows["run"]], rows[column.name]))
    return _range([1.0 if late <= early else early / late for early, late in zip(before, after, strict=True)])


def _range(values: list[float]) -> Interval | None:
    """Mean, smallest, largest; None where one is not known, or there is none."""
    if not values or np.isnan(values).any():
        return None
    return Interval(float(np.mean(values)), min(values), max(values))


def references(results: Results) -> list[tuple[str, str, pd.DataFrame, pd.DataFrame]]:
    """Model, split, and rows of its target and of its retain models, where a study has both."""
    rows, found = results.metrics, []
    for (model, split), retained in rows[rows["objective"] == RETAIN].groupby(["model", "split"], sort=False):
        mine = rows[(rows["model"] == model) & (rows["objective"] == TARGET) & rows["split"].isin(("", split))]
        if len(mine):
            found.append((str(model), str(split), mine, retained))
    return found
