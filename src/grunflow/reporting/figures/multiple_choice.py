"""The WMDP part."""

from pathlib import Path

import numpy as np
import pandas as pd

from grunflow.reporting import style
from grunflow.reporting.wmdp import CHANCE, tasks_of


def wmdp_accuracy(table: pd.DataFrame, note: str, stem: Path) -> None:
    """Accuracy per task and method with 95 % intervals, chance as a line.

    Args:
        table: reporting.wmdp.wmdp_main.
    """
    tasks, models = tasks_of(table), list(dict.fromkeys(table["model"]))
    fig, grid = style.figure(len(models), 1, 0.9 + 1.5 * len(models), sharex=True, squeeze=False)
    for axes, model in zip(grid[:, 0], models, strict=True):
        rows = table[table["model"] == model].to_dict("records")
        for index, row in enumerate(rows):
            place = np.arange(len(tasks)) + 0.15 * (index - (len(rows) - 1) / 2)
            mean, lo, hi = (np.array([row[f"{task}_accuracy{end}"] for task in tasks]) for end in ("", "_lo", "_hi"))
            reach = np.nan_to_num(np.stack([mean - lo, hi - mean])).clip(0)
            axes.errorbar(place, mean, yerr=reach, fmt=style.MARKERS[row["objective"]], color=style.COLOURS[row["carrier"]],
                          markersize=5, capsize=2, elinewidth=0.8)  # fmt: skip
        axes.axhline(CHANCE, color=style.GREY, linewidth=0.8, linestyle=":")
        axes.text(-0.48, CHANCE + 0.015, "chance", fontsize=6, color="#555555")
        axes.set_xticks(range(len(tasks)), [task.replace("_", " ") for task in tasks])
        axes.set_xlim(-0.5, len(tasks) - 0.5)
        axes.set_ylim(0, 1.05)
        axes.set_ylabel("Accuracy" if len(models) == 1 else f"Accuracy, {model}")
    style.method_legend(fig, table["objective"], table["carrier"])
    style.save(fig, stem, note)
