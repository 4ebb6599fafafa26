"""The figures of every method as samples over seeds and questions, each as its metric declares it."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from grunflow.reporting.columns import Column, columns
from grunflow.reporting.entries import PLAIN
from grunflow.reporting.intervals import Range, Sample, of_questions
from grunflow.reporting.results import Results

SEEDS = ["target_seed", "unlearn_seed"]
Scores = dict[tuple[str, str], NDArray]  # set, metric -> (seeds, questions)


class Method(NamedTuple):
    """What a row of a table is: all runs that differ by their seeds only."""

    model: str
    split: str
    objective: str
    carrier: str
    carrier_kind: str
    variant: str
    condition: str

    @property
    def block(self) -> "Method":
        """The same without the carrier: what carriers are compared within."""
        return self._replace(carrier="", carrier_kind="")


Samples = dict[str, Sample | Range]


def runs_of(metrics: pd.DataFrame) -> dict[Method, pd.DataFrame]:
    """Method -> its rows of metrics.parquet; seeds in one order for every method, so that differences are paired."""
    groups = metrics.groupby(list(Method._fields), sort=False)
    return {Method(*identity): group.sort_values(SEEDS) for identity, group in groups}


def by_method(results: Results, metrics: pd.DataFrame) -> dict[Method, Samples]:
    """Method -> figure -> sample, of these rows of metrics.parquet."""
    return {method: of_method(results, method, group) for method, group in runs_of(metrics).items()}


def of_method(results: Results, method: Method, group: pd.DataFrame) -> Samples:
    """Every known figure of the runs of one method, one row of `group` per seed."""
    found: Samples = {}
    every = columns(results.benchmark, group)
    scores = scores_of(results, every, method.condition, list(group["run"]))
    for column in every:
        per_seed = group[column.name].to_numpy(float)
        metric, bounds = column.metric, column.metric.bounds
        if metric.interval == "count" or np.isnan(per_seed).any():
            continue
        if metric.interval == "range":
            found[column.name] = Range(per_seed)
        elif metric.sample:
            found[column.name] = Sample(per_seed, metric.sample(scores), bounds)
        elif metric.interval == "questions" and column.set:
            found[column.name] = of_questions(scores[column.set, metric.name], bounds)
        else:
            found[column.name] = Sample(per_seed, bounds=bounds)
        if metric.change and method.objective != metric.reference:
            found[column.change] = changed(results, method, group, column, scores[column.set, metric.name])
    return found


def scores_of(results: Results, every: list[Column], condition: str, runs: list[str]) -> Scores:
    """Scores of these runs on every set, rows in the order of `runs` (one may stand there twice)."""
    frame = results.questions if condition == PLAIN else results.frame("questions")
    mine = frame[frame["run"].isin(runs) & (frame["condition"] == condition)]
    of_set = dict(iter(mine.groupby("set", sort=False)))
    return {
        (column.set, column.metric.name): of_set[column.set]
        .pivot(index="run", columns="index", values=column.metric.name)
        .loc[runs]
        .to_numpy(float)
        for column in every
        if column.set in of_set
    }


def changed(results: Results, method: Method, group: pd.DataFrame, column: Column, scores: NDArray) -> Sample:
    """The paired difference to the reference model's answers: the one of the run's target seed, or the only one."""
    every = results.metrics
    known = every[(every["model"] == method.model) & (every["objective"] == column.metric.reference)]
    runs = []
    for seed in group["target_seed"]:
        fits = known["target_seed"].isna() | (known["target_seed"] == seed)
        runs.append(known.loc[fits, "run"].iloc[0])
    before = scores_of(results, [column], PLAIN, runs)[column.set, column.metric.name]
    span = column.metric.bounds[1] - column.metric.bounds[0]
    return of_questions(scores - before, (-span, span))


def blocks(samples: dict[Method, Samples]) -> dict[Method, dict[Method, Samples]]:
    """Methods that differ by their carriers only, together; reference models left out."""
    found: dict[Method, dict[Method, Samples]] = {}
    for method, figures in samples.items():
        if method.carrier:
            found.setdefault(method.block, {})[method] = figures
    return found
