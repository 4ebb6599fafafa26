"""What each figure of the forget set is worth, as table metrics has it."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from matplotlib.lines import Line2D

from grunflow.reporting import style
from grunflow.reporting.results import Results
from grunflow.reporting.style import Looks
from grunflow.reporting.tables.metrics import AREA, SAID, of_benchmark, tried

ROW_INCHES, EDGE_INCHES = 0.24, 0.9


def metrics_worth(attacks: Sequence[str], grids: Sequence[str], results: Results, looks: Looks, stem: Path) -> None:
    """A row per figure, a panel per model: its AUROC, and how robust it is under each attack and rounding."""
    table = of_benchmark(results, attacks, grids).tidy
    drawn = [name for name in (AREA, *tried(attacks, grids)) if table[name].notna().any()]
    models = list(dict.fromkeys(table["model"]))
    titles = list(dict.fromkeys(table["title"]))
    fig, panels = style.panels(
        models or [""], 1, EDGE_INCHES + ROW_INCHES * max(len(titles), 1), sharex=True, sharey=True
    )
    if not models:
        style.empty(panels[0][0], "no model that never knew")
    for (axes,), model in zip(panels, models, strict=False):
        for place, name in enumerate(drawn):
            _points(axes, table[table["model"] == model], name, titles, place, len(drawn))
        axes.set_yticks(range(len(titles)), titles)
        axes.set_ylim(len(titles) - 0.5, -0.5)
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylabel(style.label("", model, models))
        style.lines_between_rows(axes, len(titles))
    panels[-1][0].set_xlabel("Worth (1: best)")
    handles = [
        Line2D([], [], linestyle="", marker=_marker(place), color=_colour(place), markersize=5, label=_label(name, attacks, grids))
        for place, name in enumerate(drawn)
    ]  # fmt: skip
    style.legend(fig, handles, columns=2)
    style.save(fig, stem, f"{results.note} {SAID}", looks)


def _points(axes, table: pd.DataFrame, name: str, titles: list[str], place: int, many: int) -> None:
    for row in table.to_dict("records"):
        height = titles.index(row["title"]) + style.beside(place, many)
        style.interval_point(axes, row, name, height, _marker(place), _colour(place))


def _marker(place: int) -> str:
    return style.MARKERS[place % len(style.MARKERS)]


def _colour(place: int) -> str:
    """The AUROC in black."""
    return style.COLOURS[(place - 1) % len(style.COLOURS)] if place else style.BLACK


def _label(name: str, attacks: Sequence[str], grids: Sequence[str]) -> str:
    return "AUROC" if name == AREA else tried(attacks, grids)[name]
