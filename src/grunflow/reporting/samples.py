"""The figures of every method as samples over seeds and questions, each as its metric declares it."""

from collections.abc import Callable, Mapping
from functools import cache, lru_cache, partial
from itertools import combinations
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from grunflow.benchmarks.base import EXTERNAL, Metric
from grunflow.reporting import proportions, seeds
from grunflow.reporting.columns import columns
from grunflow.reporting.entries import PLAIN
from grunflow.reporting.intervals import Range, Reach, Sample, of_questions
from grunflow.reporting.results import Results
from grunflow.reporting.seeds import Labels, factors

SEEDS = list(seeds.SEEDS)
NO_SEED = -1  # equal to itself, as a missing number is not
Scores = dict[tuple[str, str], NDArray]  # set, metric or what it keeps -> (seeds, questions)


class Method(NamedTuple):
    """What a row of a table is: all runs that differ by their seeds only. point: of an attack its number
    of steps, of a sequence step and request."""

    model: str
    split: str
    objective: str
    carrier: str
    carrier_kind: str
    variant: str
    condition: str
    point: str = ""

    @property
    def block(self) -> "Method":
        """The same without the carrier: what carriers are compared within."""
        return self._replace(carrier="", carrier_kind="")


Samples = dict[str, Sample | Range]
Rows = Literal["metrics", "shown", "every", "requested"]


def runs_of(metrics: pd.DataFrame) -> dict[Method, pd.DataFrame]:
    """Method -> its rows of metrics.parquet; seeds in one order for every method, so that differences are paired."""
    groups = metrics.groupby(list(Method._fields), sort=False)
    return {Method(*identity): group.sort_values(SEEDS) for identity, group in groups}


@lru_cache(maxsize=8)  # several tables and figures of one process ask
def by_method(results: Results, rows: Rows = "metrics") -> dict[Method, Samples]:
    """Method -> figure -> sample, of these rows of metrics.parquet (properties of Results)."""
    return {method: of_method(results, method, group) for method, group in runs_of(getattr(results, rows)).items()}


def with_shared_seeds(groups: Mapping[Method, pd.DataFrame]) -> dict[Method, pd.DataFrame]:
    """Rows of these methods under the seeds that all of them have a result of: only those can be paired."""
    under = {
        method: list(zip(*(group[name].fillna(NO_SEED) for name in SEEDS), strict=True))
        for method, group in groups.items()
    }
    shared = set.intersection(*map(set, under.values())) if under else set()
    return {method: group[[item in shared for item in under[method]]] for method, group in groups.items()}


def over_shared_seeds(
    results: Results, groups: Mapping[Method, pd.DataFrame], samples: Mapping[Method, Samples]
) -> dict[Method, Samples]:
    """Samples of these methods over the seeds that all of them have. samples: over all that each has."""
    return {
        method: samples[method]
        if len(own) == len(groups[method])
        else of_method(results, method, own)
        if len(own)
        else {}
        for method, own in with_shared_seeds(groups).items()
    }


def of_method(results: Results, method: Method, group: pd.DataFrame) -> Samples:
    """Every known figure of the runs of one method, one row of `group` per seed."""
    found: Samples = {}
    every, groups = columns(results.benchmark, group), factors(group)
    scores = scores_of(results, method.condition, list(group["run"]), method.point)
    known = cache(partial(scores_of_reference, results, method, group))
    for column in every:
        per_seed = group[column.name].to_numpy(float)
        metric = column.metric
        if metric.interval == "count" or np.isnan(per_seed).any():
            continue
        if metric.interval == "range":
            found[column.name] = Range(per_seed)
        elif metric.interval == "questions" and column.set:
            found[column.name] = of_questions(scores[column.set, metric.name], metric.bounds, groups)
        else:
            against = known(metric.reference) if metric.reference else None
            found[column.name] = of_runs(metric, method, per_seed, groups, scores, against)
        if metric.change and method.objective != metric.reference:
            before = known(metric.reference)[column.set, metric.name]
            span = metric.bounds[1] - metric.bounds[0]
            found[column.change] = of_questions(scores[column.set, metric.name] - before, (-span, span), groups)
    return found


def of_runs(
    metric: Metric, method: Method, per_seed: NDArray, groups: tuple[Labels, ...], scores: Scores, known: Scores | None
) -> Sample:
    """A figure of whole runs. known: scores of the model that it is held against; against itself it has no noise."""
    if metric.sample is None or (method.objective == metric.reference and method.condition == PLAIN):
        return Sample(per_seed, (), metric.bounds, groups)
    parts = metric.sample(scores) if known is None else metric.sample(scores, known)
    reach = (
        None if metric.joined is None else joined_reach(metric.joined, scores, metric.bounds, float(per_seed.mean()))
    )
    return Sample(per_seed, parts, metric.bounds, groups, reach)


def scores_of(results: Results, condition: str, runs: list[str], point: str = "") -> Scores:
    """Everything known per question of these runs, rows in the order of `runs` (one may stand there twice)."""
    found: Scores = {}
    for name, (place, stacked, _) in every_score(results, condition, point).items():
        if any(run in place for run in runs):
            rows = [place[run] for run in runs]
            found |= {(name, column): scores[rows] for column, scores in stacked.items()}
    return found


@lru_cache(maxsize=4)
def every_score(
    results: Results, condition: str, point: str = ""
) -> dict[str, tuple[dict[str, int], dict[str, NDArray], NDArray]]:
    """Set -> the row of each run that was asked it, figure -> (runs, questions) in the order of the questions, and their places."""
    frame = results.questions if condition == PLAIN else results.frame("questions")
    frame = frame[(frame["condition"] == condition) & (frame["point"] == point)]
    named = [name for metric in results.benchmark.metrics for name in (metric.name, *(metric.keeps or ())[:1])]
    names = [name for name in dict.fromkeys(named) if name in frame]
    found = {}
    for name, rows in frame.groupby("set", sort=False):
        order = rows.sort_values(["run", "index"], kind="stable")
        runs = order["run"].unique()
        figures = {column: order[column].to_numpy(float).reshape(len(runs), -1) for column in names}
        places = order["index"].to_numpy()[: len(order) // len(runs)]
        found[str(name)] = ({run: place for place, run in enumerate(runs)}, figures, places)
    return found


def scores_of_reference(results: Results, method: Method, group: pd.DataFrame, reference: str) -> Scores:
    """Of each run the scores of its reference model, on the questions that it was asked."""
    return _asked(results, method, scores_of(results, PLAIN, reference_runs(results, method, group, reference)))


def plainly(results: Results, method: Method, group: pd.DataFrame) -> Scores:
    """Of each run its own scores as it is, on the questions that it was asked."""
    return plain_scores(results, method, list(group["run"]))


def plain_scores(results: Results, method: Method, runs: list[str]) -> Scores:
    """Scores of runs as they are, on the questions that a method was asked."""
    return _asked(results, method, scores_of(results, PLAIN, runs))


def _asked(results: Results, method: Method, found: Scores) -> Scores:
    """Of scores of all questions those of questions that a method was asked, under its condition."""
    asked = {name: places for name, (_, _, places) in every_score(results, method.condition, method.point).items()}
    every = {name: places for name, (_, _, places) in every_score(results, PLAIN).items()}
    return {key: scores[:, np.isin(every[key[0]], asked[key[0]])] for key, scores in found.items() if key[0] in asked}


def reference_runs(results: Results, method: Method, group: pd.DataFrame, reference: str) -> list[str]:
    """Of each run the reference model of its target seed, or the only one; none where a run has several and no seed."""
    every = results.metrics
    known = every[
        (every["model"] == method.model) & (every["objective"] == reference) & every["split"].isin(("", method.split))
    ]
    if len(known) == 1:
        return [known["run"].iloc[0]] * len(group)
    fit = [known.loc[known["target_seed"] == seed, "run"] for seed in group["target_seed"]]
    return [runs.iloc[0] for runs in fit] if all(map(len, fit)) else []


def minus_reference(results: Results, method: Method, group: pd.DataFrame, mine: Samples, reference: str) -> Samples:
    """Paired differences to a reference model, of the same target seed each; empty where the study has none, and left out where the
    runs were asked a part of its questions. mine: samples of the runs of `group`."""
    if not (results.metrics["objective"] == reference).any():
        return {}
    runs = reference_runs(results, method, group, reference)
    if not runs:
        return {}
    known = of_reference(results, tuple(runs))
    return {
        name: sample.minus(other)
        for name, sample in mine.items()
        if isinstance(sample, Sample) and isinstance(other := known.get(name), Sample) and _alike(sample, other)
    }


def _alike(sample: Sample, other: Sample) -> bool:
    """Whether both are of as many questions of each set, or one knows nothing of questions."""
    mine, theirs = ([part.shape[1] for part in item.per_question] for item in (sample, other))
    return mine == theirs or not mine or not theirs


@lru_cache(maxsize=64)
def of_reference(results: Results, runs: tuple[str, ...]) -> Samples:
    """Every figure of these runs of a reference model, of which one may stand there twice."""
    rows = results.metrics.set_index("run", drop=False).loc[list(runs)].reset_index(drop=True)
    return of_method(results, Method(*rows.loc[0, list(Method._fields)]), rows)


def joined_reach(
    joined: tuple[Callable[..., Any], tuple[tuple[str, str], ...]],
    scores: Scores,
    bounds: tuple[float, float],
    mean: float,
) -> Callable[[float], Reach]:
    """How far questions reach below and above a figure that rises with several means: each of them at the end of its own
    exact limits, combined in squares with the correlations of scores on the same questions (Zou and Donner, as intervals.py)."""
    combine, names = joined
    means = np.array([scores[name].mean() for name in names])
    alike = correlations([scores[name] for name in names], [name for name, _ in names])

    def reach(level: float) -> Reach:
        found, centre = [], combine(means)
        limits = [proportions.of_mean(scores[name], bounds, level) for name in names]
        for side, sign in enumerate((-1, 1)):
            ends = means + sign * np.diag([float(limit[side]) for limit in limits])
            apart = np.abs(combine(np.clip(np.where(np.eye(len(means)) > 0, ends, means), *bounds).T) - centre)
            end = centre + sign * np.sqrt(max(0.0, float(apart @ alike @ apart)))
            found.append(max(0.0, float(sign * (end - mean))))
        return found[0], found[1]

    return reach


def correlations(scores: list[NDArray], sets: list[str]) -> NDArray:
    """Of scores (seeds, questions) over the questions of one set; of different sets, and where nothing varies, 0."""
    found = np.eye(len(scores))
    centred = [score.mean(axis=0) - score.mean() for score in scores]
    for one, other in combinations(range(len(scores)), 2):
        scale = np.linalg.norm(centred[one]) * np.linalg.norm(centred[other])
        if sets[one] == sets[other] and scale > 0:
            found[one, other] = found[other, one] = centred[one] @ centred[other] / scale
    return found


def blocks(samples: dict[Method, Samples]) -> dict[Method, dict[Method, Samples]]:
    """Methods that differ by their carriers only, together; reference models and those of others left out."""
    found: dict[Method, dict[Method, Samples]] = {}
    for method, figures in samples.items():
        if method.carrier and method.carrier_kind != EXTERNAL:
            found.setdefault(method.block, {})[method] = figures
    return found
