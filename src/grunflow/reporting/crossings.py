"""Where a run's way comes down to a level, and what is read there.

Two ways to read: between two neighbouring points, linearly in what sets the level (`crossed`); or at the best of the points that
lie on the right side of it, without interpolation (`best`).

A reading between points a and b, whose level questions have means u_a > L >= u_b and whose read ones k_a, k_b, is to first order

    constant + sum_j [(1 - w) k_aj + w k_bj] / n + s sum_i [(1 - w) u_ai + w u_bi] / m,   w = (u_a - L) / (u_a - u_b),
    s = (k_b - k_a) / (u_a - u_b),

so its noise is that of both sets of questions: each is one of a Sample's independent sets.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grunflow.reporting.intervals import Sample
from grunflow.reporting.seeds import Labels

WIDEST = 0.2  # between the two points beside a level; what lies between is otherwise not observed
RETURN = 0.05  # a way that comes back by more than this above a level has crossed it more than once


class Missing(NamedTuple):
    """Why nothing is read. kind: in two words; where: what shows it, behind a word that several share."""

    kind: str
    where: str
    word: str = ""


class Found(NamedTuple):
    """What one run gives. read: column -> scores per question; level: column -> what its level questions add (see above).
    told: what a reader must know of it. again: whether the level was crossed more than once."""

    read: dict[str, NDArray]
    level: dict[str, NDArray]
    told: str = ""
    again: bool = False


class Curve(NamedTuple):
    """A path seen from a level. points, what they are (`step`), level: (points, questions) of what sets the level; read: column
    -> (points, questions); followed: columns of the metric that says which point is best; lower: whether the least of it is."""

    points: NDArray
    unit: str
    level: NDArray
    read: dict[str, NDArray]
    followed: Sequence[str]
    lower: bool = False

    @property
    def means(self) -> NDArray:
        return np.asarray(self.level.mean(axis=1))

    def between(self, first: int, last: int) -> str:
        return f"between {self.unit}s {self.points[first]:g} and {self.points[last]:g}"


def crossed(curve: Curve, level: float) -> Found | Missing:
    """Read where the way first comes down to `level`, between the points beside it."""
    means = curve.means
    if means[0] <= level:
        return Missing("not testable", f"{means[0]:.2g}", "starts at ")
    below = np.flatnonzero(means <= level)
    if not len(below):
        return Missing("not reached", f"{means.min():.2f}", "lowest: ")
    after = int(below[0])
    before = after - 1
    above, under = means[before], means[after]
    if above - under > WIDEST:
        return Missing("not observed", f"{above:.2g} -> {under:.2g} {curve.between(before, after)}")
    share, highest = (above - level) / (above - under), after + int(means[after:].argmax())
    again = bool(means[highest] > level + RETURN)
    read = {name: (1 - share) * scores[before] + share * scores[after] for name, scores in curve.read.items()}
    slopes = {
        name: (scores[after].mean() - scores[before].mean()) / (above - under) for name, scores in curve.read.items()
    }
    mixed = (1 - share) * curve.level[before] + share * curve.level[after]
    told = (
        f"first crossing, {curve.between(before, after)}: at {means[highest]:.2g} again at {curve.unit} "
        f"{curve.points[highest]:g}"
    )
    return Found(read, {name: slope * mixed for name, slope in slopes.items()}, told if again else "", again)


def best(curve: Curve, level: float, keeps_above: bool = False) -> Found | Missing:
    """Read at the best point at or below the level (or, keeps_above, at or above it).

    Which point is best is chosen on every second question and read on the others, and the other way round: chosen and read by
    the same questions, the best of several would look better than it is.
    """
    means = curve.means
    if not keeps_above and means[0] <= level:
        return Missing("not testable", f"{means[0]:.2g}", "starts at ")
    fit = np.flatnonzero(means >= level if keeps_above else means <= level)
    if not len(fit):
        return Missing("not reached", f"{means.min():.2f}", "lowest: ")
    sign = -1.0 if curve.lower else 1.0
    read = {name: np.empty(scores.shape[1]) for name, scores in curve.read.items()}
    taken = []
    for half in (0, 1):
        judged = np.hstack([curve.read[name][fit][:, 1 - half :: 2] for name in curve.followed])
        place = fit[int((sign * judged.mean(axis=1)).argmax())]
        taken.append(place)
        for name, scores in curve.read.items():
            read[name][half::2] = scores[place, half::2]
    places = " and ".join(f"{curve.points[place]:g}" for place in dict.fromkeys(taken))
    return Found(read, {}, f"{curve.unit} {places} (at {means[taken].mean():.2g})")


def over_seeds(
    found: Sequence[Found | Missing], factors: tuple[Labels, ...] = ()
) -> tuple[dict[str, Sample], str, str]:
    """Samples of every figure, why there are none, and what must be told of them. factors: groups of seeds (seeds.py)."""
    gone = [item for item in found if isinstance(item, Missing)]
    if gone:
        same = [item for item in gone if item.kind == gone[0].kind]
        under = f" under {len(gone)} of {len(found)} seeds" if len(gone) < len(found) else ""
        return {}, f"{gone[0].kind} ({gone[0].word}{', '.join(dict.fromkeys(item.where for item in same))}){under}", ""
    there = [item for item in found if isinstance(item, Found)]
    samples = {}
    for name in there[0].read:
        read = np.stack([item.read[name] for item in there])
        level = [np.stack([item.level[name] for item in there])] if there[0].level else []
        samples[name] = Sample(per_seed=read.mean(axis=1), per_question=(read, *level), factors=factors)
    told = "; ".join(dict.fromkeys(item.told for item in there if item.told))
    return samples, "", told
