"""The way that runs took: what was forgotten and kept at each of their snapshots."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from grunflow.benchmarks.base import Metric
from grunflow.reporting.columns import FORGET, KEEP, Column, forgetting, on_the_way
from grunflow.reporting.results import Results
from grunflow.reporting.samples import SEEDS


class Path(NamedTuple):
    """One run: how much of the forget sets it still knew at each snapshot, and scores of the questions to be kept there."""

    forgotten: NDArray  # (snapshots,)
    kept: dict[str, NDArray]  # column -> (snapshots, questions)

    def at(self, level: float) -> dict[str, NDArray] | None:
        """Scores of the kept questions where the path first comes down to `level`; None where it never does."""
        below = np.flatnonzero(self.forgotten <= level)
        if not len(below):
            return None
        after = below[0]
        if after == 0:
            return {name: scores[0] for name, scores in self.kept.items()}
        above, under = self.forgotten[after - 1], self.forgotten[after]
        share = (above - level) / (above - under)
        return {name: (1 - share) * scores[after - 1] + share * scores[after] for name, scores in self.kept.items()}


class Way(NamedTuple):
    """A method whose runs left paths."""

    model: str
    split: str
    objective: str
    carrier: str
    carrier_kind: str


def metric_of(results: Results) -> Metric:
    """The metric along which forgetting is followed."""
    found = forgetting(results.benchmark)
    assert found is not None, "entries apply to benchmarks that have one"
    return found


def kept_of(results: Results) -> list[Column]:
    """What runs are to keep, as snapshots ask it."""
    scores, benchmark = results.frame("snapshot_scores"), results.benchmark
    assert benchmark.snapshot is not None, "runs left snapshots"
    have = [f"{item.name}_{column}" for item in benchmark.snapshot(1).sets for column in scores]
    return [column for column in on_the_way(benchmark, have) if column.role == KEEP]


def forgotten_column(results: Results) -> str:
    """The name of the level: the metric over all questions of the forget sets."""
    return f"{FORGET}_{metric_of(results).name}"


def paths(results: Results) -> dict[Way, list[Path]]:
    """Method -> a path per run, in the order of the seeds."""
    scores, metric, kept = results.frame("snapshot_scores"), metric_of(results).name, kept_of(results)
    assert results.benchmark.snapshot is not None, "runs left snapshots"
    asked = [item.name for item in results.benchmark.snapshot(1).sets if item.role == FORGET]
    found: dict[Way, list[Path]] = {}
    for run in runs_in_order(scores):
        rows = scores[scores["run"] == run].sort_values(["step", "index"])
        way = Way(*(rows[name].iloc[0] for name in Way._fields))
        forgotten = rows[rows["set"].isin(asked)].groupby("step")[metric].mean().to_numpy()
        of_set = {
            column.name: rows[rows["set"] == column.set]
            .pivot(index="step", columns="index", values=column.metric.name)
            .to_numpy()
            for column in kept
        }
        found.setdefault(way, []).append(Path(forgotten, of_set))
    return found


def runs_in_order(scores: pd.DataFrame) -> list[str]:
    """Methods in the study's order, the runs of each in the order of their seeds."""
    methods = list(Way._fields)
    order = scores.drop_duplicates("run")
    place = order.groupby(methods, sort=False).ngroup()
    return list(order.assign(place=place).sort_values(["place", *SEEDS])["run"])
