"""Primary claims of one family are tested together: Holm's step-down procedure (Scand. J. Stat. 6 (1979) 65).

Tables hold 95 % intervals, not p-values. A p-value is bounded from above by how far the threshold lies outside the interval: at
level 1 - a its half-width is at most that at 95 % times

    max( t(S - 1, a / 2) / t(S - 1, 0.025),  log(a / 2) / log(0.025) )

The first factor is the growth of the component with the fewest degrees of freedom (S replicates; intervals.py adds up components,
each with its own t quantile, and the others grow more slowly), the second that of an exact limit of a proportion near 0 or 1,
whose tail is exponential. So what is rejected is rejected at the nominal level or below; with few seeds the bound is wide. It
holds on the scale on which the interval is made: a saving's is made on log(1 - saving), which shows in its two ends.
"""

import math
from collections.abc import Iterable

from scipy.stats import t as student

LEVEL = 0.05


def p_bounds(effect: float, lo: float, hi: float, threshold: float, replicates: int) -> tuple[float, float]:
    """Upper bounds of the two-sided p-values of "above the threshold" and "below it"; 1 where the 95 % interval holds it.

    Args:
        replicates: seeds, or groups of seeds where that is what the interval counts.
    """
    above, below = lo > threshold, hi < threshold
    value, end, other = effect, (lo if above else hi), (hi if above else lo)
    if value == end:  # a count is exact, and so is what never varied
        return (0.0 if above else 1.0), (0.0 if below else 1.0)
    if _on_log(value, end, other):
        value, end, threshold = -math.log1p(-value), -math.log1p(-end), -math.log1p(-threshold)
    p = _p((value - threshold) / (value - end), replicates) if above or below else 1.0
    return (p if above else 1.0), (p if below else 1.0)


def _on_log(value: float, end: float, other: float) -> bool:
    """Whether the interval is symmetric in log(1 - x), and not in x."""
    apart = (1 - value) ** 2 - (1 - end) * (1 - other)
    even = math.isclose(value - end, other - value, rel_tol=1e-6)
    return max(value, end, other) < 1 and not even and math.isclose(apart, 0, abs_tol=1e-9 * (1 - value) ** 2)


def _p(ratio: float, replicates: int) -> float:
    """The largest a at which the interval that is `ratio` times as wide may still hold the threshold."""
    freedom = replicates - 1
    tail = 2 * float(student.sf(ratio * student.isf(LEVEL / 2, freedom), freedom))
    return min(1.0, max(tail, 2 * (LEVEL / 2) ** ratio))


def rejected(p_values: Iterable[float]) -> list[tuple[bool, float]]:
    """Of each whether it is rejected, and the level that it was held against."""
    values = list(p_values)
    found: list[tuple[bool, float]] = [(False, LEVEL)] * len(values)
    on = True
    for place, which in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        level = LEVEL / (len(values) - place)
        on = on and values[which] <= level
        found[which] = on, level
    return found
