"""Distributions over questions: gates that opened, Truth Ratios behind the KS test."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from grunflow.evaluation.metrics import GATE
from grunflow.evaluation.run_metrics import ks_statistic
from grunflow.reporting import style
from grunflow.reporting.columns import FORGET
from grunflow.reporting.results import Results
from grunflow.reporting.style import Looks

PARAPHRASED = "paraphrased"
RATIO = "raw_ratio"  # what the KS test compares


def gate_activations(results: Results, looks: Looks, stem: Path) -> None:
    """Gate per set of questions and edited block, over the questions and seeds of all gated runs: median, quartiles, and
    5th to 95th percentile."""
    questions = results.questions
    blocks = sorted(int(name.removeprefix(GATE)) for name in questions if name.removeprefix(GATE).isdigit())
    gates = [f"{GATE}{block}" for block in blocks]
    gated = questions[questions[gates].notna().any(axis=1)]
    rows = gated.merge(results.metrics[["run", "model"]], on="run")
    models = list(dict.fromkeys(rows["model"])) or [""]
    asked = sets_of(results, rows, gates)
    fig, grid = style.panels(models, height_inches=2.4)
    for axes, model in zip(grid[:, 0], models, strict=True):
        if rows.empty:
            style.empty(axes, "no gated run in this study")
        for place, (which, columns) in enumerate(asked.values()):
            _boxes(axes, rows[which & (rows["model"] == model)], columns, place, len(asked))
        axes.set_xticks(range(len(blocks)), [f"block {block}" for block in blocks])
        axes.set_ylim(-0.03, 1.03)
        axes.set_ylabel(style.label("Gate (1: open)", model, models))
    style.legend(fig, [_patch(name, place) for place, name in enumerate(asked)], columns=2)
    note = "Box: quartiles; whiskers: 5th to 95th percentile of questions, over objectives and seeds."
    style.save(fig, stem, f"{results.note} {note}", looks)


def sets_of(results: Results, rows: pd.DataFrame, gates: list[str]) -> dict[str, tuple[pd.Series, list[str]]]:
    """Set -> its rows and the columns of its gates; beside a set to be forgotten its questions in other words."""
    asked = {item.name: item.role for item in results.benchmark.sets if (rows["set"] == item.name).any()}
    others = [f"{PARAPHRASED}_{name}" for name in gates]
    found: dict[str, tuple[pd.Series, list[str]]] = {}
    for name, role in asked.items():
        which = rows["set"] == name
        found[name] = (which, gates)
        if role == FORGET and gates and set(others) <= set(rows) and rows.loc[which, others].notna().any(axis=None):
            found[f"{name}, {PARAPHRASED}"] = (which, others)
    return found


def _boxes(axes, rows: pd.DataFrame, columns: list[str], place: int, sets: int) -> None:
    """The boxes of one set, beside those of the others."""
    face, hatch = style.fill(place)
    values = [rows[column].dropna().to_numpy() for column in columns]
    boxes = axes.boxplot(
        values, positions=np.arange(len(columns)) + 0.8 / sets * (place - (sets - 1) / 2), widths=0.6 / sets, whis=(5, 95),
        sym="", patch_artist=True, medianprops={"color": "black"}, manage_ticks=False,
    )  # fmt: skip
    for box in boxes["boxes"]:
        box.set(facecolor=face, hatch=hatch, linewidth=0.6)


def _patch(name: str, place: int) -> Patch:
    face, hatch = style.fill(place)
    return Patch(facecolor=face, hatch=hatch, edgecolor="black", linewidth=0.6, label=name.replace("_", " "))


def truth_ratios(results: Results, looks: Looks, stem: Path) -> None:
    """Cumulative distribution of raw Truth Ratios on the forget set: the KS statistic is the largest vertical gap to the line
    of the model that it is held against."""
    asked = [item.name for item in results.benchmark.sets if item.role == FORGET]
    ratios = results.questions.loc[results.questions["set"].isin(asked), ["run", RATIO]]
    every = results.metrics[["run", "model", "objective", "carrier"]].merge(ratios, on="run")
    methods = every[every["carrier"] != ""]
    models, objectives = list(dict.fromkeys(methods["model"])), list(dict.fromkeys(methods["objective"]))
    held = next(item.reference for item in results.benchmark.metrics if item.of is ks_statistic)
    lines: dict[str, Any] = {name: "-" if name == held else (0, (4, 1, 1, 1)) for name in results.benchmark.references}
    panels = style.by_objective(models, objectives, 2.3, sharey=True, sharex=True)
    for (model, objective), axes in panels.of.items():
        mine = every[every["model"] == model]
        for reference, line in lines.items():
            _steps(axes, mine.loc[mine["objective"] == reference, RATIO], style.BLACK, line)
        for carrier, rows in mine[mine["objective"] == objective].groupby("carrier", sort=False):
            _steps(axes, rows[RATIO], looks.colour(carrier), looks.line(carrier))
    lo, hi = within(every[RATIO])
    for axes in panels.of.values():
        axes.set_xlim(lo, hi)
        style.logarithmic(axes, labels=3)
    panels.name_axes("Truth Ratio (wrong / right answers)", "Share of forget questions")
    black = [
        Line2D([], [], color=style.BLACK, linestyle=line, linewidth=1.1, label=style.shown(name))
        for name, line in lines.items()
    ]
    style.carrier_legend(panels.fig, looks, methods["carrier"], black)
    beyond = float(((every[RATIO] < lo) | (every[RATIO] > hi)).mean())
    note = f"All seeds together; {100 * beyond:.1f} % of the Truth Ratios lie beyond the axis."
    style.save(panels.fig, stem, f"{results.note} {note}", looks)


def within(ratios: pd.Series, tail: float = 0.005) -> tuple[float, float]:
    """Ends of an axis that leaves out so large a share at either end: one far tail is not to flatten all that is compared."""
    known = ratios[np.isfinite(ratios) & (ratios > 0)]
    return float(known.quantile(tail)), float(known.quantile(1 - tail))


def _steps(axes, ratios: pd.Series, colour: str, line) -> None:
    values = np.sort(ratios.to_numpy())
    axes.step(
        values, np.arange(1, len(values) + 1) / len(values), where="post", color=colour, linestyle=line, linewidth=1.1
    )
