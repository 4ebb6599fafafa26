"""What questions alone leave open of a mean that may lie near a bound, where a normal approximation fails.

Of scores in [0, 1] a mean p with the variance v is known as well as a share of n = p (1 - p) / v things counted, and of n
things the exact (Clopper-Pearson) limits hold: Korn and Graubard, Survey Methodology 24 (1998) 193, with the t quantile of
the questions in place of the normal one. Where all scores lie at one bound, v says nothing and n is the number of questions:
0 of 48 is 0 to 0.08. Of paired yes-or-no answers with few discordant pairs one such pair is added on either side (Bonett and
Price, J. Educ. Behav. Stat. 37 (2012) 479): 0 discordant of 96 is not "no difference".

Every function takes arrays (..., seeds, questions) and gives distances below and above the mean, shape (...).
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv
from scipy.stats import norm
from scipy.stats import t as student

Reach = tuple[NDArray, NDArray]


def of_mean(scores: NDArray, bounds: tuple[float, float], level: float) -> Reach:
    """Of a mean of scores within `bounds`."""
    low, span = bounds[0], bounds[1] - bounds[0]
    means = (scores.mean(axis=-2) - low) / span
    count = means.shape[-1]
    if count < 2:
        return np.zeros(means.shape[:-1]), np.zeros(means.shape[:-1])
    p, v = np.clip(means.mean(axis=-1), 0, 1), means.var(axis=-1, ddof=1) / count
    edge = (p <= 0) | (p >= 1)
    # Yes-or-no answers never count as more than one thing a question: how alike seeds answer is not known from few events.
    most = np.where(_whole(scores, bounds), float(count), np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        known = np.where(edge, count, np.minimum(p * (1 - p) / v, most))
    tail = (1 - level) / 2
    known = known * _shrunk(tail, count) ** 2
    exact = np.isfinite(known)  # equal scores inside the bounds: nothing is left open
    n = np.where(exact, known, 1.0)
    x = p * n
    below = np.where(x > 0, betaincinv(np.where(x > 0, x, 1), n - x + 1, tail), 0.0)
    above = np.where(n - x > 0, 1 - betaincinv(np.where(n - x > 0, n - x, 1), x + 1, tail), 1.0)
    return tuple(np.where(exact, np.maximum(reach, 0) * span, 0.0) for reach in (p - below, above - p))  # type: ignore[return-value]


def of_paired(scores: NDArray, span: float, level: float) -> NDArray:
    """Half the width that paired yes-or-no answers leave open at least: differences -span, 0, span."""
    means = scores.mean(axis=-2) / span
    count = means.shape[-1]
    mean = means.sum(axis=-1) / (count + 2)
    v = ((means**2).sum(axis=-1) + 2) / (count + 2) - mean**2
    return np.asarray(span * student.isf((1 - level) / 2, count - 1) * np.sqrt(v / (count + 2)))


@cache
def _shrunk(tail: float, count: int) -> float:
    """The normal quantile over the t quantile of so many questions."""
    return float(norm.isf(tail) / student.isf(tail, count - 1))


def _whole(scores: NDArray, bounds: tuple[float, float]) -> NDArray:
    return np.asarray(((scores == bounds[0]) | (scores == bounds[1])).all(axis=(-2, -1)))


def is_paired_choice(scores: NDArray, span: float) -> bool:
    """Whether these are differences of yes-or-no answers."""
    return bool(np.isin(scores, (-span, 0.0, span)).all())
