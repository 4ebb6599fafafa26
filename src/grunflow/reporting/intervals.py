"""95 % intervals over two sources of noise: which questions were asked, and the seeds.

With S seeds and Q questions answered under each, a mean has two variance components, v_seed / S and v_question / Q: the
sample variances of the S seed means and of the Q question means over their numbers. Each has its own degrees of freedom,
S - 1 and Q - 1, and enters with its own Student quantile t:

    half-width = sqrt(t(S - 1)^2 v_seed / S + t(Q - 1)^2 v_question / Q)

Source: Banerjee, Sankhya 22 (1960) 357; coverage is at least nominal whatever the components' ratio. Satterthwaite's single
degrees of freedom were tried: with two seeds they cover 0.87 where a small component dominates by chance
(tests/reporting/test_intervals.py has the cells). What both noises share is counted in both, again on the wide side.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

METHOD = "questions and seeds, each variance component with its own t quantile"


class Interval(NamedTuple):
    mean: float
    lo: float
    hi: float


class Sample(NamedTuple):
    """A figure of one method, with what its noise is read from.

    Attributes:
        per_seed: the figure under each seed, shape (seeds,).
        per_question: arrays (seeds, questions), one for each independent set of questions; the figure is, to first
            order, a constant plus the sum of their means.
        bounds: range of the figure; intervals are clipped to it.
    """

    per_seed: NDArray
    per_question: tuple[NDArray, ...] = ()
    bounds: tuple[float, float] = (0.0, 1.0)

    def interval(self) -> Interval:
        """Mean over seeds; lo and hi are nan where there is neither a second seed nor a question."""
        mean = float(self.per_seed.mean())
        half = float(half_width(self.per_seed, *self.per_question))
        if np.isnan(half):
            return Interval(mean, half, half)
        return Interval(mean, max(self.bounds[0], mean - half), min(self.bounds[1], mean + half))

    def minus(self, other: "Sample") -> "Sample":
        """The paired difference: both answered the same questions under the same seeds."""
        span = self.bounds[1] - self.bounds[0]
        return Sample(
            self.per_seed - other.per_seed,
            tuple(mine - theirs for mine, theirs in zip(self.per_question, other.per_question, strict=True)),
            (-span, span),
        )


def of_questions(scores: NDArray, bounds: tuple[float, float] = (0.0, 1.0)) -> Sample:
    """The mean of per-question scores, shape (seeds, questions)."""
    return Sample(scores.mean(axis=1), (scores,), bounds)


def half_width(per_seed: NDArray, *per_question: NDArray) -> NDArray:
    """Half of the 95 % interval; nan without any component.

    Args:
        per_seed: shape (..., seeds).
        per_question: shape (..., seeds, questions) each.
    """
    parts = [_part(per_seed), *(_part(scores.mean(axis=-2)) for scores in per_question)]
    counted = [part for part in parts if part is not None]
    return np.asarray(np.sqrt(sum(counted))) if counted else np.full(per_seed.shape[:-1], np.nan)


def _part(values: NDArray) -> NDArray | None:
    """t^2 times the variance of the mean over the last axis; None for a single value."""
    count = values.shape[-1]
    if count < 2:
        return None
    return np.asarray(student.ppf(0.975, count - 1) ** 2 * values.var(axis=-1, ddof=1) / count)


def median_and_range(values: NDArray) -> Interval:
    """What seeds make of a p-value: the median of log10 p, smallest and largest (bootstrapping a p-value is invalid)."""
    with np.errstate(divide="ignore"):
        median = 10.0 ** float(np.median(np.log10(values)))
    return Interval(median, float(values.min()), float(values.max()))


class Range(NamedTuple):
    """A p-value of one method under each seed; its interval is the range over seeds."""

    per_seed: NDArray

    def interval(self) -> Interval:
        return median_and_range(self.per_seed)
