"""The figures of the TOFU study and of the WMDP part."""

from pathlib import Path

import numpy as np
import pandas as pd

from grunflow.data.splits import EVALUATION_SETS
from grunflow.reporting import style
from grunflow.reporting.wmdp import CHANCE, tasks_of


def forget_utility(table: pd.DataFrame, note: str, stem: Path) -> None:
    """Model Utility against forget Probability, with 95 % intervals: up and to the left is better.

    Args:
        table: reporting.tables.tofu_main.
    """
    fig, axes = style.figure()
    for row in table.itertuples():
        x, y = row.forget_probability, row.model_utility
        reach = np.nan_to_num(
            np.array(
                [
                    [x - row.forget_probability_lo, row.forget_probability_hi - x],
                    [y - row.model_utility_lo, row.model_utility_hi - y],
                ]
            )
        ).clip(0)
        axes.errorbar(
            x,
            y,
            xerr=reach[:1].T,
            yerr=reach[1:].T,
            fmt=style.MARKERS[row.objective],
            color=style.COLOURS[row.carrier],
            markersize=7 if row.carrier == "" else 5,
            elinewidth=0.8,
            capsize=2,
            label=f"{row.objective.upper()} {row.carrier}" if row.carrier else f"{row.objective} model",
        )
    axes.set_xlabel("Probability of forget answers (lower: more forgotten)")
    axes.set_ylabel("Model Utility (higher: more kept)")
    style.note(axes, note)
    fig.legend(*axes.get_legend_handles_labels(), loc="outside right upper")
    style.save(fig, stem)


def gate_activations(questions: pd.DataFrame, metrics: pd.DataFrame, note: str, stem: Path) -> None:
    """Mean gate per evaluation set and intervened layer, over all gated runs."""
    fig, axes = style.figure()
    gated = metrics.loc[metrics["carrier"] == "grun", "run"]
    rows = questions[questions["run"].isin(gated)]
    layers = [column for column in questions if column.startswith("gate_")]
    if rows.empty:
        axes.text(0.5, 0.5, "no gated run in this study", ha="center", transform=axes.transAxes)
    for index, name in enumerate(EVALUATION_SETS if len(rows) else ()):
        means = rows.loc[rows["set"] == name, layers].mean()
        place = np.arange(len(layers)) + 0.2 * (index - 1.5)
        axes.bar(place, means, width=0.18, label=name.replace("_", " "), color=list(style.COLOURS.values())[index])
    axes.set_xticks(range(len(layers)), [f"edit {i + 1}" for i in range(len(layers))])
    axes.set_ylim(0, 1.05)
    axes.set_ylabel("Mean gate (1: open)")
    style.note(axes, note)
    if len(rows):
        fig.legend(*axes.get_legend_handles_labels(), loc="outside right upper")
    style.save(fig, stem)


def accuracy_figure(table: pd.DataFrame, origin: str, stem: Path) -> None:
    """Accuracy per task and method with 95 % intervals, chance as a line."""
    fig, axes = style.figure()
    tasks, rows = tasks_of(table), list(table.itertuples())
    names = [f"{row.model} {row.objective} {row.carrier}" if table.model.nunique() > 1 else f"{row.objective} {row.carrier}"
             for row in rows]  # fmt: skip
    for index, row in enumerate(rows):
        place = np.arange(len(tasks)) + 0.12 * (index - (len(rows) - 1) / 2)
        mean, lo, hi = (
            np.array([getattr(row, f"{task}_accuracy{end}") for task in tasks], dtype=float)
            for end in ("", "_lo", "_hi")
        )
        reach = np.nan_to_num(np.stack([mean - lo, hi - mean])).clip(0)
        marker, colour = style.MARKERS[row.objective], style.COLOURS[row.carrier]
        axes.errorbar(
            place, mean, yerr=reach, fmt=marker, color=colour, markersize=5, capsize=2, elinewidth=0.8,
            label=names[index].strip(),
        )  # fmt: skip
    axes.axhline(CHANCE, color="#777777", linewidth=0.8, linestyle=":")
    axes.text(-0.48, CHANCE + 0.01, "chance", fontsize=6, color="#555555")
    axes.set_xticks(range(len(tasks)), [task.replace("_", " ") for task in tasks])
    axes.set_xlim(-0.5, len(tasks) - 0.5)
    axes.set_ylim(0, 1.05)
    axes.set_ylabel("Accuracy")
    style.note(axes, f"{origin}.")
    fig.legend(*axes.get_legend_handles_labels(), loc="outside right upper")
    style.save(fig, stem)
