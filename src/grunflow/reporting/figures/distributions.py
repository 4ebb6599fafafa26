"""Distributions over questions: gates that opened, Truth Ratios behind Forget Quality."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.patches import Patch

from grunflow.data.splits import EVALUATION_SETS
from grunflow.reporting import style


def gate_activations(questions: pd.DataFrame, metrics: pd.DataFrame, note: str, stem: Path) -> None:
    """Gate per evaluation set and edited layer, over the questions and seeds of all gated runs: median, quartiles, and
    5th to 95th percentile."""
    gated = metrics.loc[metrics["carrier"] == "grun", "run"]
    rows = questions[questions["run"].isin(gated)]
    layers = sorted(column for column in questions if column.startswith("gate_"))
    fig, axes = style.figure(height_inches=2.4)
    if rows.empty:
        style.empty(axes, "no gated run in this study")
    asked = {name: (rows[rows["set"] == name], layers) for name in EVALUATION_SETS if len(rows)}
    if layers and f"paraphrased_{layers[0]}" in rows:
        asked["paraphrased"] = (rows[rows["set"] == "forget"], [f"paraphrased_{layer}" for layer in layers])
    for place, (name, (of_set, columns)) in enumerate(asked.items()):
        values = [of_set[column].dropna().to_numpy() for column in columns]
        boxes = axes.boxplot(
            values, positions=np.arange(len(layers)) + 0.16 * (place - 2), widths=0.12, whis=(5, 95), sym="",
            patch_artist=True, medianprops={"color": "black"}, manage_ticks=False,
        )  # fmt: skip
        for box in boxes["boxes"]:
            box.set(facecolor=style.SETS[name], hatch=style.HATCHES[name], linewidth=0.6)
    axes.set_xticks(range(len(layers)), [f"edit {place + 1}" for place in range(len(layers))])
    axes.set_ylim(-0.03, 1.03)
    axes.set_ylabel("Gate (1: open)")
    handles = [
        Patch(
            facecolor=style.SETS[name],
            hatch=style.HATCHES[name],
            edgecolor="black",
            linewidth=0.6,
            label=name.replace("_", " "),
        )
        for name in asked
    ]
    fig.legend(handles=handles, loc="outside upper center", ncols=3)
    style.save(
        fig, stem, f"{note} Box: quartiles; whiskers: 5th to 95th percentile of questions, over objectives and seeds."
    )


def truth_ratios(questions: pd.DataFrame, metrics: pd.DataFrame, note: str, stem: Path) -> None:
    """Cumulative distribution of raw Truth Ratios on the forget set: Forget Quality's KS statistic is the largest
    vertical gap to the retain model's line."""
    every = metrics.merge(questions[questions["set"] == "forget"], on="run", suffixes=("", "_of_question"))
    objectives = list(dict.fromkeys(metrics.loc[metrics["carrier"] != "", "objective"]))
    fig, grid = style.figure(1, len(objectives), 2.3, sharey=True, sharex=True, squeeze=False)
    for axes, objective in zip(grid[0], objectives, strict=True):
        for reference, line in (("retain", "-"), ("target", (0, (4, 1, 1, 1)))):
            _steps(axes, every.loc[every["objective"] == reference, "raw_ratio"], style.COLOURS[""], line)
        for carrier, rows in every[every["objective"] == objective].groupby("carrier", sort=False):
            _steps(axes, rows["raw_ratio"], style.COLOURS[carrier], style.LINES[carrier])
        axes.set_title(style.shown(objective), fontsize=8)
    for axes in grid[0]:
        style.logarithmic(axes, labels=3)
    grid[0, 0].set_ylabel("Share of forget questions")
    grid[0, len(objectives) // 2].set_xlabel("Truth Ratio (wrong / right answers)")
    style.carrier_legend(fig, dict.fromkeys(metrics.loc[metrics["carrier"] != "", "carrier"]))
    style.save(fig, stem, f"{note} Black: retain model (line), target model (dash-dot). All seeds together.")


def _steps(axes, ratios: pd.Series, colour: str, line) -> None:
    values = np.sort(ratios.to_numpy())
    axes.step(
        values, np.arange(1, len(values) + 1) / len(values), where="post", color=colour, linestyle=line, linewidth=1.1
    )
