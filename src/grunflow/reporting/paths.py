"""The ways of runs from what they started from: along training's snapshots, and along the strengths of a scaled edit."""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from grunflow.benchmarks.base import Metric, forgetting
from grunflow.reporting.columns import FORGET, KEEP, Column, on_the_way
from grunflow.reporting.results import Results
from grunflow.reporting.samples import NO_SEED, SEEDS

STEP, STRENGTH = "step", "strength"
FRAMES = {STEP: "snapshot_scores", STRENGTH: "strength_scores"}


class Path(NamedTuple):
    """One run from its start on, by what it was asked there.

    Attributes:
        points: steps or strengths, rising from 0; shape (points,).
        forget, keep: the followed metric on all questions of these roles, shape (points, questions).
        scores: role -> column -> (points, questions).
        seeds: of the target model (NO_SEED without one) and of unlearning.
    """

    points: NDArray
    forget: NDArray
    keep: NDArray
    scores: dict[str, dict[str, NDArray]]
    seeds: tuple[Any, Any] = (0, 0)

    def of(self, role: str) -> dict[str, NDArray]:
        """Figures of the sets of a role."""
        return self.scores[role]

    @property
    def forgotten(self) -> NDArray:
        """How much is still known of the forget sets at each point."""
        return np.asarray(self.forget.mean(axis=1))

    @property
    def kept(self) -> NDArray:
        return np.asarray(self.keep.mean(axis=1))


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


def columns_of(results: Results, role: str) -> list[Column]:
    """Figures of what is known, on the sets of a role that runs are asked on their way."""
    scores, benchmark = results.frame(FRAMES[STEP]), results.benchmark
    assert benchmark.snapshot is not None, "runs left snapshots"
    have = [f"{item.name}_{column}" for item in benchmark.snapshot(1).sets for column in scores]
    return [column for column in on_the_way(benchmark, have) if column.role == role]


@lru_cache(maxsize=8)  # two tables and a figure ask
def paths(results: Results, along: str) -> dict[Way, list[Path]]:
    """Method -> a path per run, in the order of the seeds; none where no run went along that."""
    scores = results.frame(FRAMES[along])
    found: dict[Way, list[Path]] = {}
    if not len(scores):
        return found
    of_role = {role: columns_of(results, role) for role in (FORGET, KEEP)}
    runs = scores.sort_values(["run", "set", along, "index"]).groupby("run")
    for run in runs_in_order(scores):
        rows = runs.get_group(run)
        way = Way(*(rows[name].iloc[0] for name in Way._fields))
        found.setdefault(way, []).append(_path(rows, along, of_role, metric_of(results)))
    return found


def _path(rows: pd.DataFrame, along: str, of_role: dict[str, list[Column]], followed: Metric) -> Path:
    """The path of one run, of a row per point and question, by set, point and question."""
    scores: dict[str, dict[str, NDArray]] = {role: {} for role in of_role}
    points, sets = np.unique(rows[along].to_numpy()), rows["set"].to_numpy()
    for role, column in ((role, column) for role, columns in of_role.items() for column in columns):
        if column.metric.name in rows:
            own = rows[column.metric.name].to_numpy(float)[sets == column.set]
            scores[role][column.name] = own.reshape(len(points), -1)
    asked = {
        role: np.hstack([scores[role][column.name] for column in columns if column.metric.name == followed.name])
        for role, columns in of_role.items()
    }
    target, unlearn = (rows[name].fillna(NO_SEED).iloc[0] for name in SEEDS)
    return Path(points, asked[FORGET], asked[KEEP], scores, (target, unlearn))


def runs_in_order(scores: pd.DataFrame) -> list[str]:
    """Methods in the study's order, the runs of each in the order of their seeds."""
    methods = list(Way._fields)
    order = scores.drop_duplicates("run")
    place = order.groupby(methods, sort=False).ngroup()
    return list(order.assign(place=place).sort_values(["place", *SEEDS])["run"])
