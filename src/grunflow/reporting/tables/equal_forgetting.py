"""Table equal_forgetting: what methods have kept where they have forgotten equally much."""

from functools import partial

import pandas as pd

from grunflow.reporting.columns import FORGET, KEEP
from grunflow.reporting.crossings import WIDEST, Curve
from grunflow.reporting.forms import Table, stacked, without_empty
from grunflow.reporting.intervals import METHOD as INTERVALS
from grunflow.reporting.paths import Path, metric_of
from grunflow.reporting.results import Results, notes
from grunflow.reporting.tables.equal import Comparison, asked, equal, followed, read_by_people

LEVELS = (0.5, 0.2, 0.1)  # shares of what lies above guessing


def levels(results: Results) -> tuple[float, ...]:
    """The levels in the metric's own scale: of answers by options, guessing is the lowest that can be hoped for."""
    guess = results.benchmark.chance or 0.0
    return tuple(round(guess + (1 - guess) * level, 6) for level in LEVELS)


def compared(results: Results) -> Comparison:
    return Comparison(
        level=f"{FORGET}_{metric_of(results).name}",
        levels=levels(results),
        role=KEEP,
        curve=partial(_curve, followed(results, KEEP)),
    )


def _curve(best_by: tuple[str, ...], path: Path, unit: str, level: float) -> Curve:
    """Forgetting sets the level; all else is read."""
    return Curve(path.points, unit, path.forget, path.of(KEEP), best_by)


def equal_forgetting(results: Results) -> pd.DataFrame:
    """See equal.equal: levels of what is still known of the forget sets, figures of what is kept there."""
    return equal(results, compared(results))


def equal_forgetting_table(*results: Results) -> Table:
    """equal_forgetting as it is written."""
    text = (
        f"At equal forgetting. {notes(results)} What is retained where a run first comes down to a level of what it still "
        f"knows of the forget sets. strength: the finished run scaled back, between strengths; path: between snapshots of its "
        f"training; both linear, and only between neighbours less than {WIDEST:g} apart. snapshot: the best of those at or below "
        f"the level, chosen on one half of the kept questions and read on the other. {asked(results)}; mean over seeds [95 % "
        f"interval: {INTERVALS}; the questions that set the level vary too]. Bold: by strength, the paired difference to every "
        "other carrier is above 0, all reached."
    )
    return stacked({item.name: _of_benchmark(item) for item in results}, text)


def _of_benchmark(results: Results) -> Table:
    own = f"{metric_of(results).title} {{:.3g}}"
    found = equal_forgetting(results)
    shown, bold = read_by_people(results, compared(results), found, "Forgotten to", own)
    return Table(without_empty(found, ("split",)), shown, "", bold)
