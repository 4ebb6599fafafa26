"""Losses on the way."""

from pathlib import Path

import numpy as np
import pandas as pd

from grunflow.reporting import style


def training_curves(losses: pd.DataFrame, note: str, stem: Path) -> None:
    """Loss over steps per objective and carrier, mean and range over seeds, smoothed over a twentieth of the steps.

    Losses of different objectives, and of GRUN (whose loss has a gate term) and the others, are not comparable.
    """
    rows = losses[losses["carrier"] != ""]
    objectives = list(dict.fromkeys(rows["objective"]))
    fig, grid = style.figure(1, len(objectives), 2.2, squeeze=False)
    for axes, objective in zip(grid[0], objectives, strict=True):
        for carrier, mine in rows[rows["objective"] == objective].groupby("carrier", sort=False):
            curves = mine.pivot_table(index="step", columns="run", values="loss")
            smooth = curves.rolling(max(1, len(curves) // 20), min_periods=1).mean()
            axes.plot(smooth.index, smooth.mean(axis=1), style.LINES[carrier], color=style.COLOURS[carrier])
            axes.fill_between(
                smooth.index,
                smooth.min(axis=1),
                smooth.max(axis=1),
                color=style.COLOURS[carrier],
                alpha=0.2,
                linewidth=0,
            )
        if rows.loc[rows["objective"] == objective, "loss"].abs().max() > 20:
            axes.set_yscale("symlog", linthresh=1)
        axes.set_title(style.shown(objective), fontsize=8)
        axes.tick_params(labelsize=6)
        axes.locator_params(axis="x", nbins=3)
    grid[0, 0].set_ylabel("Loss")
    grid[0, len(objectives) // 2].set_xlabel("Step")
    style.carrier_legend(fig, dict.fromkeys(rows["carrier"]))
    seeds = int(np.max(rows.groupby(["objective", "carrier"])["run"].nunique()))
    style.save(
        fig, stem, f"{note} Mean and range of {seeds} seeds; GRUN's loss has a gate term, so levels are not comparable."
    )
