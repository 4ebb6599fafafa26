"""What is forgotten against what is kept, and what it costs."""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D

from grunflow.benchmarks.base import RETAIN, forgetting
from grunflow.reporting import style
from grunflow.reporting.columns import FORGET, KEEP, Column, axis_title, columns, set_title, utility
from grunflow.reporting.paths import STEP, STRENGTH, Way, columns_of, metric_of, paths
from grunflow.reporting.paths import Path as Run
from grunflow.reporting.results import Results
from grunflow.reporting.samples import by_method
from grunflow.reporting.style import Looks
from grunflow.reporting.tables.main import aggregated

FRONT = (0, (1, 2))


@cache  # several figures show it
def main_of(results: Results) -> pd.DataFrame:
    return aggregated(results, results.metrics, by_method(results))


def forgotten_of(results: Results) -> Column:
    """How much is still known of what was to be forgotten: on the first such set."""
    every = columns(results.benchmark, results.metrics)
    return next(item for item in every if item.role == FORGET and item.metric == forgetting(results.benchmark))


def kept(results: Results) -> Column:
    """How good the whole still is."""
    every = columns(results.benchmark, results.metrics)
    return next(item for item in every if item.metric == utility(results.benchmark))


def forget_utility(results: Results, looks: Looks, stem: Path) -> None:
    """What a whole model is still worth against what it still knows, with 95 % intervals and the frontier: up and to the left
    is better."""
    table, across, up = main_of(results), forgotten_of(results), kept(results)
    models = list(dict.fromkeys(table["model"]))
    fig, grid = style.panels(models, height_inches=3.0)
    for axes, model in zip(grid[:, 0], models, strict=True):
        rows = table[table["model"] == model]
        methods = rows[rows["carrier"] != ""]
        front = frontier(methods[across.name].to_numpy(), methods[up.name].to_numpy())
        axes.plot(*front, color=style.GREY, linewidth=0.8, linestyle=FRONT, drawstyle="steps-post", zorder=1)
        for row in rows.to_dict("records"):
            point(axes, row, across.name, up.name, looks)
        axes.set_ylabel(style.label(f"{axis_title(up)} (higher: more kept)", model, models))
    grid[-1, 0].set_xlabel(f"{axis_title(across)} (lower: more forgotten)")
    more = [
        Line2D([], [], color=style.GREY, linewidth=0.8, linestyle=FRONT, label="frontier"),
        style.interval_handle(),
    ]
    style.method_legend(fig, looks, table["objective"], table["carrier"], more, lines=False)
    style.save(fig, stem, f"{results.note} Frontier: no method forgets more and keeps more.", looks)


def point(axes, row: dict, across: str, up: str, looks: Looks) -> None:
    """One figure over another, with both intervals where they are known."""
    ends = [(row.get(f"{name}_lo", np.nan), row.get(f"{name}_hi", np.nan)) for name in (across, up)]
    reach = [
        np.nan_to_num([[row[name] - lo], [hi - row[name]]]).clip(0)
        for name, (lo, hi) in zip((across, up), ends, strict=True)
    ]
    axes.errorbar(
        row[across], row[up], xerr=reach[0], yerr=reach[1], marker=looks.marker(row["objective"]), linestyle="",
        color=looks.colour(row["carrier"]), markersize=5 if row["carrier"] else 7, elinewidth=0.7, capsize=1.5, alpha=0.9,
    )  # fmt: skip


def frontier(forgotten: np.ndarray, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The points that no other beats on both axes, from left to right."""
    order = np.argsort(forgotten, kind="stable")
    best = np.maximum.accumulate(kept[order])
    front = order[kept[order] >= best]
    return forgotten[front], kept[front]


def forgetting_paths(results: Results, looks: Looks, stem: Path) -> None:
    """What is kept along each run scaled back (lines) and at its snapshots (marks): methods are to be compared where they have
    forgotten equally much."""
    every, scaled, metric = paths(results, STEP), paths(results, STRENGTH), metric_of(results)
    up = [column for column in columns_of(results, KEEP) if column.metric == metric]
    models, objectives = (list(dict.fromkeys(way[place] for way in every)) for place in (0, 2))
    panels = style.by_objective(models, objectives, 2.3, sharey=True, sharex=True)
    for (model, objective), axes in panels.of.items():
        for way, runs in every.items():
            if (way.model, way.objective) == (model, objective):
                _lines(axes, way, runs, looks, not scaled)
                _curves(axes, way, scaled.get(way, []), looks)
        _retain_model(axes, results, model, looks)
        axes.set_xlim(1.03, -0.03)
        axes.set_xticks([1, 0.5, 0], ["1", ".5", "0"])
    panels.name_axes(f"{set_title(FORGET)} {set_title(metric.name)}", axis_title(up[0]) if len(up) == 1 else "Kept")
    handles = style.carrier_handles(looks, [way.carrier for way in every])
    style.legend(panels.fig, handles + (_retain_handle(looks) if _known(results) else []))
    lines = "A line is a carrier's finished runs scaled back, the mean over seeds" if scaled else "A line is a run"
    star = " The retain model stands where it is on the tables' own questions." if _known(results) else ""
    style.save(panels.fig, stem, f"{results.note} {lines}, a dot a snapshot; the start is at the left.{star}", looks)


def _lines(axes, way: Way, runs: list[Run], looks: Looks, joined: bool) -> None:
    """The snapshots of one method's runs, joined where no scaled runs draw the line."""
    for run in runs:
        axes.plot(run.forgotten, run.kept, linestyle=looks.line(way.carrier) if joined else "",
                  color=looks.colour(way.carrier), marker=".", markersize=4, linewidth=1.0, alpha=0.6)  # fmt: skip


def _curves(axes, way: Way, runs: list[Run], looks: Looks) -> None:
    """What a method's runs know when scaled back: the mean over seeds, strength by strength."""
    if runs:
        forgotten, kept = (np.mean([getattr(run, name) for run in runs], axis=0) for name in ("forgotten", "kept"))
        axes.plot(forgotten, kept, linestyle=looks.line(way.carrier), color=looks.colour(way.carrier), linewidth=1.2)


def _known(results: Results) -> tuple[str, str] | None:
    """Columns of the followed metric on the reported sets that are forgotten and kept, where there is a retain model."""
    every, metric = columns(results.benchmark, results.metrics), metric_of(results)
    found = [
        next((item.name for item in every if (item.role, item.metric) == (role, metric)), "") for role in (FORGET, KEEP)
    ]
    return (found[0], found[1]) if all(found) and (results.metrics["objective"] == RETAIN).any() else None


def _retain_handle(looks: Looks) -> list[Line2D]:
    name, colour = style.shown(RETAIN), looks.colour("")
    return [Line2D([], [], linestyle="", marker=looks.marker(RETAIN), color=colour, markersize=4, label=name)]


def _retain_model(axes, results: Results, model: str, looks: Looks) -> None:
    """Where the model stands that never read what is forgotten."""
    known, rows = _known(results), results.metrics
    rows = rows[(rows["model"] == model) & (rows["objective"] == RETAIN)]
    if known and len(rows):
        axes.plot(
            rows[known[0]].mean(),
            rows[known[1]].mean(),
            marker=looks.marker(RETAIN),
            color=looks.colour(""),
            linestyle="",
            markersize=4,
        )
