"""How an attack brings back what a run forgot: the metric of forgetting along the attacker's steps."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from grunflow.benchmarks.base import RETAIN, forgetting
from grunflow.reporting.columns import FORGET
from grunflow.reporting.results import Results
from grunflow.reporting.samples import Method, plain_scores, reference_runs, runs_of, scores_of, scores_of_reference
from grunflow.reporting.seeds import Labels, factors


@dataclass(frozen=True)
class Recovery:
    """One attack on the runs of one method, or on the retain models.

    runs: rows of metrics, one per seed, after the first of the steps. steps: after which the model was asked. scores: of the forget
    questions, (steps, seeds, questions). unlearnt: of the run as it is, (seeds, questions), which an attacker may take something of before
    the first step. before: of the model that unlearning started from; None where the study has none. reference: scores of the retain
    models of the same seeds under the same attack, and learnt: theirs as they are; None as well.
    """

    method: Method
    runs: pd.DataFrame
    steps: tuple[int, ...]
    scores: NDArray
    unlearnt: NDArray
    before: NDArray | None
    reference: NDArray | None
    learnt: NDArray | None
    factors: tuple[Labels, ...]

    @property
    def recovered(self) -> NDArray:
        """Per step and seed: which share of what unlearning took away is back; nan where it took nothing away."""
        means, first = self.scores.mean(axis=2), self.unlearnt.mean(axis=1)
        if self.before is None:
            return np.full(means.shape, np.nan)
        lost = self.before.mean(axis=1) - first
        return (means - first) / np.where(lost > 0, lost, np.nan)

    @property
    def gain(self) -> NDArray:
        """What the attack brings, (seeds, questions)."""
        return self.scores[-1] - self.unlearnt

    @property
    def gain_of_retain(self) -> NDArray | None:
        """What it brings the retain models."""
        return None if self.reference is None or self.learnt is None else self.reference[-1] - self.learnt


def measured(results: Results) -> tuple[str, str]:
    """Set and metric that forgetting is followed by."""
    metric = forgetting(results.benchmark)
    assert metric is not None, "only benchmarks whose forgetting is followed have the table"
    return next(item.name for item in results.benchmark.sets if item.role == FORGET), metric.name


def recoveries(results: Results) -> Iterator[Recovery]:
    """Every attack on every method, the retain models first, in the order of the study."""
    key, rows = measured(results), results.every[results.every["point"] != ""]
    for _, attack in rows.groupby("condition", sort=False):
        points = sorted(set(attack["point"]), key=int)
        groups = runs_of(attack)
        for method, group in groups.items():
            if method.point != points[0]:
                continue
            runs = list(group["run"])
            retained = [] if method.objective == RETAIN else reference_runs(results, method, group, RETAIN)
            yield Recovery(
                method,
                group,
                tuple(map(int, points)),
                _along(results, method.condition, points, runs, key),
                plain_scores(results, method, runs)[key],
                _before(results, method, group, key),
                _along(results, method.condition, points, retained, key) if retained else None,
                plain_scores(results, method, retained)[key] if retained else None,
                factors(group),
            )


def _along(results: Results, attack: str, points: Sequence[str], runs: list[str], key: tuple[str, str]) -> NDArray:
    return np.stack([scores_of(results, attack, runs, point)[key] for point in points])


def _before(results: Results, method: Method, group, key: tuple[str, str]) -> NDArray | None:
    start = results.benchmark.start
    if not (results.metrics["objective"] == start).any():
        return None
    return scores_of_reference(results, method, group, start).get(key)


def steps_to_half(steps: Sequence[int], recovered: NDArray) -> float:
    """The number of steps at which half is back, on the straight line between two askings; nan where it never is.

    Args:
        recovered: share at each of the steps, of one run.
    """
    for place, share in enumerate(recovered):
        if share >= 0.5:
            if not place:
                return float(steps[0])
            before = recovered[place - 1]
            return float(steps[place - 1] + (0.5 - before) / (share - before) * (steps[place] - steps[place - 1]))
    return float("nan")
