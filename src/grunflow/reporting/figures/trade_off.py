"""What is forgotten against what is kept, and what it costs."""

from pathlib import Path

import numpy as np
import pandas as pd

from grunflow.reporting import style
from grunflow.reporting.equal_forgetting import paths


def forget_utility(table: pd.DataFrame, note: str, stem: Path) -> None:
    """Model Utility against forget Probability with 95 % intervals and the frontier: up and to the left is better.

    Args:
        table: reporting.tofu.tofu_main.
    """
    fig, axes = style.figure(height_inches=3.0)
    methods = table[table["carrier"] != ""]
    front = frontier(methods["forget_probability"].to_numpy(), methods["model_utility"].to_numpy())
    axes.plot(*front, color=style.GREY, linewidth=0.8, linestyle=(0, (1, 2)), drawstyle="steps-post", zorder=1)
    for row in table.to_dict("records"):
        _point(axes, row, "forget_probability")
    axes.set_xlabel("Forget Probability (lower: more forgotten)")
    axes.set_ylabel("Model Utility (higher: more kept)")
    style.method_legend(fig, table["objective"], table["carrier"])
    style.save(fig, stem, f"{note} Dotted: no method forgets more and keeps more.")


def _point(axes, row: dict, across: str) -> None:
    """Model Utility over another figure, with both intervals where they are known."""
    x, y = row[across], row["model_utility"]
    ends = [(row.get(f"{name}_lo", np.nan), row.get(f"{name}_hi", np.nan)) for name in (across, "model_utility")]
    reach = [
        np.nan_to_num([[middle - lo], [hi - middle]]).clip(0) for middle, (lo, hi) in zip((x, y), ends, strict=True)
    ]
    axes.errorbar(
        x, y, xerr=reach[0], yerr=reach[1], fmt=style.MARKERS[row["objective"]], color=style.COLOURS[row["carrier"]],
        markersize=5 if row["carrier"] else 7, elinewidth=0.7, capsize=1.5, alpha=0.9,
    )  # fmt: skip


def frontier(forgotten: np.ndarray, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The points that no other beats on both axes, from left to right."""
    order = np.argsort(forgotten, kind="stable")
    best = np.maximum.accumulate(kept[order])
    front = order[kept[order] >= best]
    return forgotten[front], kept[front]


def forgetting_paths(snapshots: pd.DataFrame, note: str, stem: Path) -> None:
    """Retain Probability along each run's snapshots: methods are to be compared at the same forget Probability.

    Args:
        snapshots: snapshot_scores.parquet of stages/aggregate.py.
    """
    every = paths(snapshots)
    objectives = list(dict.fromkeys(key[2] for key in every))
    fig, grid = style.figure(1, len(objectives), 2.3, sharey=True, sharex=True, squeeze=False)
    for axes, objective in zip(grid[0], objectives, strict=True):
        for (*_, name, carrier), runs in every.items():
            if name == objective:
                for run in runs:
                    axes.plot(run.forgotten, run.kept["retain_probability"].mean(axis=1), style.LINES[carrier],
                              color=style.COLOURS[carrier], marker=".", markersize=4, linewidth=1.0, alpha=0.8)  # fmt: skip
        axes.set_title(style.shown(objective), fontsize=8)
        axes.set_xlim(1.03, -0.03)
        axes.set_xticks([1, 0.5, 0], ["1", ".5", "0"])
    grid[0, 0].set_ylabel("Retain Probability")
    grid[0, len(objectives) // 2].set_xlabel("Forget Probability")
    style.carrier_legend(fig, dict.fromkeys(key[3] for key in every))
    style.save(fig, stem, f"{note} A line is a run, a dot a snapshot; the start is at the left.")


def cost_quality(table: pd.DataFrame, cost: pd.DataFrame, note: str, stem: Path) -> None:
    """Model Utility against the FLOPs of training (FLOPs, not seconds: equal runs give equal figures)."""
    method = [name for name in ("model", "objective", "carrier", "variant") if name in table]
    rows = table[table["carrier"] != ""].merge(cost[[*method, "train_flops"]], on=method)
    fig, axes = style.figure(height_inches=2.8)
    for row in rows.to_dict("records"):
        _point(axes, row, "train_flops")
    style.logarithmic(axes)
    axes.set_xlabel("FLOPs of unlearning (counted)")
    axes.set_ylabel("Model Utility")
    style.method_legend(fig, rows["objective"], rows["carrier"])
    style.save(fig, stem, note)
