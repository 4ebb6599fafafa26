"""95 % intervals over two sources of noise: which questions were asked, and the seeds."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student


class Interval(NamedTuple):
    mean: float
    lo: float
    hi: float


def interval(values: NDArray, bounds: tuple[float, float] = (0.0, 1.0)) -> Interval:
    """Mean and 95 % interval of per-question scores over seeds.

    var(mean) = v_seed / S + v_question / Q, with v_seed the sample variance of the S seed means and v_question that
    of the Q question means; Student t with Satterthwaite's degrees of freedom of the sum; clipped to `bounds`.
    Question noise is part of both, so the interval errs on the wide side. With one seed only questions count.

    Args:
        values: scores, shape (seeds, questions).
    """
    seeds, questions = values.shape
    parts = []
    if seeds > 1:
        parts.append((values.mean(axis=1).var(ddof=1) / seeds, seeds - 1))
    if questions > 1:
        parts.append((values.mean(axis=0).var(ddof=1) / questions, questions - 1))
    return _around(float(values.mean()), parts, bounds)


def seed_interval(values: NDArray, bounds: tuple[float, float] = (0.0, 1.0)) -> Interval:
    """Mean and Student-t interval over seeds alone, for figures without a per-question form; bare mean if S = 1."""
    parts = [(values.var(ddof=1) / len(values), len(values) - 1)] if len(values) > 1 else []
    return _around(float(values.mean()), parts, bounds)


def median_and_range(values: NDArray) -> Interval:
    """For p-values: median, smallest and largest over seeds (bootstrapping a p-value is invalid)."""
    return Interval(float(np.median(values)), float(values.min()), float(values.max()))


def _around(mean: float, parts: list[tuple[float, int]], bounds: tuple[float, float]) -> Interval:
    variance = sum(part for part, _ in parts)
    if variance <= 0:
        return Interval(mean, mean if parts else float("nan"), mean if parts else float("nan"))
    freedom = variance**2 / sum(part**2 / degrees for part, degrees in parts)
    half = float(student.ppf(0.975, freedom) * np.sqrt(variance))
    return Interval(mean, max(bounds[0], mean - half), min(bounds[1], mean + half))
