"""Losses on the way."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.patches import Patch

from grunflow.reporting import style
from grunflow.reporting.results import Results
from grunflow.reporting.style import Looks

METHOD = ["model", "objective", "carrier", "variant"]


def training_curves(results: Results, looks: Looks, stem: Path) -> None:
    """Loss over steps per objective and carrier, mean and range over seeds, smoothed over a twentieth of the steps.

    Losses of different objectives are not comparable, nor is that of a carrier with a gate (which has a term of its own) with
    the others'.
    """
    losses = results.frame("losses")
    rows = losses[losses["carrier"] != ""]
    models, objectives = list(dict.fromkeys(rows["model"])), list(dict.fromkeys(rows["objective"]))
    panels = style.by_objective(models, objectives, 2.2)
    for (model, objective), axes in panels.of.items():
        _curves(axes, rows[(rows["model"] == model) & (rows["objective"] == objective)], looks)
    panels.name_axes("Step", "Loss")
    band = Patch(color=style.GREY, alpha=0.3, linewidth=0, label="range of seeds")
    style.carrier_legend(panels.fig, looks, rows["carrier"], [band])
    note = (
        f"Mean and range of {seeds_of(rows)} seeds, smoothed over a twentieth of the steps; a gate has a loss of its own, so levels are "
        "not comparable."
    )
    style.save(panels.fig, stem, f"{results.note} {note}", looks)


def _curves(axes, rows: pd.DataFrame, looks: Looks) -> None:
    """One objective on its carriers."""
    for carrier, mine in rows.groupby("carrier", sort=False):
        curves = mine.pivot_table(index="step", columns="run", values="loss")
        smooth = curves.rolling(max(1, len(curves) // 20), min_periods=1).mean()
        colour = looks.colour(carrier)
        axes.plot(smooth.index, smooth.mean(axis=1), linestyle=looks.line(carrier), color=colour)
        axes.fill_between(smooth.index, smooth.min(axis=1), smooth.max(axis=1), color=colour, alpha=0.2, linewidth=0)
    if rows["loss"].abs().max() > 20:
        axes.set_yscale("symlog", linthresh=1)
    axes.tick_params(labelsize=6)
    axes.locator_params(axis="x", nbins=3)


def seeds_of(rows: pd.DataFrame) -> int:
    """Runs of a method: those that differ by their seeds only."""
    return int(np.max(rows.groupby(METHOD)["run"].nunique()))
