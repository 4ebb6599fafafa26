"""Table equal_retention: what methods have forgotten where they have kept equally much."""

from functools import partial

import pandas as pd

from grunflow.reporting.columns import FORGET, KEEP
from grunflow.reporting.crossings import WIDEST, Curve
from grunflow.reporting.forms import Table, stacked, without_empty
from grunflow.reporting.intervals import METHOD as INTERVALS
from grunflow.reporting.paths import Path, metric_of
from grunflow.reporting.results import Results, notes
from grunflow.reporting.tables.equal import Comparison, asked, equal, followed, read_by_people

LEVELS = (0.95, 0.9, 0.8)  # shares of what the run knew of the kept sets before unlearning


def compared(results: Results) -> Comparison:
    return Comparison(
        level=f"{KEEP}_{metric_of(results).name}_share",
        levels=LEVELS,
        role=FORGET,
        curve=partial(_curve, followed(results, FORGET)),
        keeps_above=True,
        lower=True,
    )


def _curve(best_by: tuple[str, ...], path: Path, unit: str, level: float) -> Curve:
    """What is kept, over what was known at the start, sets the level: k(a) / k(0). Per question (k_j(a) - level k_j(0)) / k(0) +
    level, whose mean is that share and whose noise is, at the level, the ratio's to first order."""
    start = path.keep[0]
    share = (path.keep - level * start) / start.mean() + level
    return Curve(path.points, unit, share, path.of(FORGET), best_by, lower=True)


def equal_retention(results: Results) -> pd.DataFrame:
    """See equal.equal: levels of what is kept, figures of what is still known of the forget sets there."""
    return equal(results, compared(results))


def equal_retention_table(*results: Results) -> Table:
    """equal_retention as it is written."""
    text = (
        f"At equal retention. {notes(results)} What is still known of the forget sets where a run first comes down to a share of "
        f"what it knew of the kept ones before unlearning. strength: the finished run scaled back, between strengths; path: "
        f"between snapshots of its training; both linear, and only between neighbours less than {WIDEST:g} apart. snapshot: of "
        f"those that keep that share, the one that has forgotten most, chosen on one half of the forget questions and read on "
        f"the other. {asked(results)}; mean over seeds [95 % interval: {INTERVALS}; the questions that set the level vary too]. "
        "Bold: by strength, the paired difference to every other carrier is below 0, all reached."
    )
    return stacked({item.name: _of_benchmark(item) for item in results}, text)


def _of_benchmark(results: Results) -> Table:
    own = f"{{:.0%}} of {metric_of(results).title}"
    found = equal_retention(results)
    shown, bold = read_by_people(results, compared(results), found, "Kept", own)
    return Table(without_empty(found, ("split",)), shown, "", bold)
