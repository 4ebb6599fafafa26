"""95 % intervals over two sources of noise: which questions were asked, and the seeds.

With S seeds and Q questions answered under each, a mean has two variance components, v_seed / S and v_question / Q: the
sample variances of the S seed means and of the Q question means over their numbers. Each has its own degrees of freedom,
S - 1 and Q - 1, and enters with its own Student quantile t:

    half-width = sqrt(t(S - 1)^2 v_seed / S + t(Q - 1)^2 v_question / Q)

Source: Banerjee, Sankhya 22 (1960) 357; coverage is at least nominal whatever the components' ratio. Satterthwaite's single
degrees of freedom were tried: with two seeds they cover 0.87 where a small component dominates by chance
(tests/reporting/test_intervals.py has the cells). What both noises share is counted in both, again on the wide side. Seeds
that share a target model are not replicates of each other (seeds.py).

The question component of a mean of scores is not symmetric near a bound (proportions.py); distances below and above the
figure are then combined with the seeds' in squares (Zou and Donner, Stat. Med. 27 (2008) 1693).
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from grunflow.reporting import proportions
from grunflow.reporting.seeds import Labels

METHOD = "questions and seeds, each variance component with its own t quantile; exact limits near 0 and 1"
LEVEL = 0.95
Reach = tuple[float, float]  # how far below and above the figure


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
        factors: groups of seeds (seeds.py); none where each seed is a replicate.
        reach: level -> how far questions alone reach below and above the figure, where it is no sum of means.
    """

    per_seed: NDArray
    per_question: tuple[NDArray, ...] = ()
    bounds: tuple[float, float] = (0.0, 1.0)
    factors: tuple[Labels, ...] = ()
    reach: Callable[[float], Reach] | None = None

    def interval(self, level: float = LEVEL) -> Interval:
        """Mean over seeds; lo and hi are nan where there is neither a second seed nor a question."""
        mean = float(self.per_seed.mean())
        if len(self.per_seed) < 2 and not any(part.shape[-1] > 1 for part in self.per_question):
            return Interval(mean, float("nan"), float("nan"))
        seeds = float(of_seeds(self.per_seed, self.factors, level))
        below, above = (float(np.sqrt(seeds + square)) for square in self._questions(level))
        return Interval(mean, max(self.bounds[0], mean - below), min(self.bounds[1], mean + above))

    def _questions(self, level: float) -> tuple[float, float]:
        """Squared distances below and above that questions alone reach."""
        if self.reach is not None:
            below, above = self.reach(level)
            return below**2, above**2
        reached = [self._part(part, level) for part in self.per_question]
        return sum((below for below, _ in reached), 0.0), sum((above for _, above in reached), 0.0)

    def _part(self, scores: NDArray, level: float) -> tuple[float, float]:
        """Squared distances of one set of questions: exact ones where the figure is the mean of scores within its bounds,
        never none where it is a difference of yes-or-no answers."""
        low, high = self.bounds
        if low == 0 and self._is_mean(scores):
            below, above = proportions.of_mean(scores, self.bounds, level)
            return float(below) ** 2, float(above) ** 2
        square = float(of_questions_part(scores, level))
        if low == -high and np.isfinite(high) and proportions.is_paired_choice(scores, high):
            square = max(square, float(proportions.of_paired(scores, high, level)) ** 2)
        return square, square

    def _is_mean(self, scores: NDArray) -> bool:
        within = scores.min() >= self.bounds[0] and scores.max() <= self.bounds[1] and np.isfinite(self.bounds[1])
        return bool(within and np.allclose(scores.mean(axis=-1), self.per_seed, rtol=1e-9, atol=1e-12))

    def minus(self, other: "Sample") -> "Sample":
        """The paired difference: both answered the same questions under the same seeds. One without noise of questions (a
        model against itself) is a constant to them."""
        span = self.bounds[1] - self.bounds[0]
        mine = self.per_question or tuple(np.zeros_like(part) for part in other.per_question)
        theirs = other.per_question or tuple(np.zeros_like(part) for part in self.per_question)
        return Sample(
            self.per_seed - other.per_seed,
            tuple(one - another for one, another in zip(mine, theirs, strict=True)),
            (-span, span),
            self.factors,
            None if self.reach is None or other.reach is None else lambda level: _apart(self, other, level),
        )

    def size(self) -> "Sample":
        """How large a difference is, by the sign of its mean, taken as known."""
        sign = -1.0 if self.per_seed.mean() < 0 else 1.0
        parts = tuple(sign * part for part in self.per_question)
        known = self.reach
        turned = None if known is None or sign > 0 else lambda level: (known(level)[1], known(level)[0])
        return self._replace(per_seed=sign * self.per_seed, per_question=parts, reach=turned if sign < 0 else known)


def _apart(mine: Sample, theirs: Sample, level: float) -> Reach:
    """How far questions reach below and above a difference of two figures that are correlated over questions (Zou and
    Donner's limits of a difference)."""
    assert mine.reach is not None, "told by minus"
    assert theirs.reach is not None, "told by minus"
    pairs = [(a.mean(axis=-2), b.mean(axis=-2)) for a, b in zip(mine.per_question, theirs.per_question, strict=True)]
    together = sum(np.cov(a, b) / a.shape[-1] for a, b in pairs)
    scale = np.sqrt(together[0, 0] * together[1, 1])
    alike = together[0, 1] / scale if scale > 0 else 0.0
    (a_below, a_above), (b_below, b_above) = mine.reach(level), theirs.reach(level)

    def joined(a: float, b: float) -> float:
        return float(np.sqrt(max(a**2 + b**2 - 2 * alike * a * b, 0.0)))

    return joined(a_below, b_above), joined(a_above, b_below)


def of_questions(scores: NDArray, bounds: tuple[float, float] = (0.0, 1.0), factors: tuple[Labels, ...] = ()) -> Sample:
    """The mean of per-question scores, shape (seeds, questions)."""
    return Sample(scores.mean(axis=1), (scores,), bounds, factors)


def half_width(
    per_seed: NDArray, *per_question: NDArray, factors: tuple[Labels, ...] = (), level: float = LEVEL
) -> NDArray:
    """Half of the interval of what is linear in scores; without any component 0.

    Args:
        per_seed: shape (..., seeds).
        per_question: shape (..., seeds, questions) each.
    """
    questions = sum(of_questions_part(scores, level) for scores in per_question)
    return np.asarray(np.sqrt(of_seeds(per_seed, factors, level) + questions))


def of_questions_part(scores: NDArray, level: float = LEVEL) -> NDArray:
    """t^2 times the variance of the mean over questions, of scores (..., seeds, questions)."""
    return _part(scores.mean(axis=-2), level)


def of_seeds(per_seed: NDArray, factors: tuple[Labels, ...] = (), level: float = LEVEL) -> NDArray:
    """t^2 times the variance of the mean over seeds, one term for each factor; 0 for one seed."""
    if not factors:
        return _part(per_seed, level)
    total = np.zeros(per_seed.shape[:-1])
    for labels in factors:
        each = np.unique(labels)
        share = [np.asarray(labels) == label for label in each]
        # What each group adds to the mean of all runs, around its share of that mean: of equal groups their means' variance.
        apart = (per_seed - per_seed.mean(axis=-1, keepdims=True)) / per_seed.shape[-1]
        sums = np.stack([apart[..., mine].sum(axis=-1) for mine in share], axis=-1)
        total += _quantile(len(each), level) ** 2 * len(each) / (len(each) - 1) * (sums**2).sum(axis=-1)
    return total


def _part(values: NDArray, level: float) -> NDArray:
    """t^2 times the variance of the mean over the last axis; 0 for a single value."""
    count = values.shape[-1]
    if count < 2:
        return np.zeros(values.shape[:-1])
    return np.asarray(_quantile(count, level) ** 2 * values.var(axis=-1, ddof=1) / count)


@cache  # scipy takes longer for it than for all the rest of an interval
def _quantile(count: int, level: float) -> float:
    return float(student.isf((1 - level) / 2, count - 1))


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
