"""Answers by options."""

from pathlib import Path

import numpy as np
from matplotlib.lines import Line2D

from grunflow.benchmarks.base import forgetting
from grunflow.reporting import style
from grunflow.reporting.columns import columns
from grunflow.reporting.figures.trade_off import main_of
from grunflow.reporting.results import Results
from grunflow.reporting.style import Looks


def accuracy(results: Results, looks: Looks, stem: Path) -> None:
    """Accuracy per set and method with 95 % intervals, chance as a line."""
    table, chance, metric = main_of(results), results.benchmark.chance, forgetting(results.benchmark)
    assert chance is not None, "the figure applies to answers by options"
    sets = [column for column in columns(results.benchmark, results.metrics) if column.metric == metric]
    models = list(dict.fromkeys(table["model"]))
    fig, grid = style.panels(models, height_inches=2.4, sharex=True)
    for axes, model in zip(grid[:, 0], models, strict=True):
        rows = table[table["model"] == model].to_dict("records")
        for index, row in enumerate(rows):
            place = np.arange(len(sets)) + 0.15 * (index - (len(rows) - 1) / 2)
            mean, lo, hi = (np.array([row[f"{column.name}{end}"] for column in sets]) for end in ("", "_lo", "_hi"))
            reach = np.nan_to_num(np.stack([mean - lo, hi - mean])).clip(0)
            axes.errorbar(place, mean, yerr=reach, marker=looks.marker(row["objective"]), linestyle="", color=looks.colour(row["carrier"]),
                          markersize=5, capsize=2, elinewidth=0.8)  # fmt: skip
        axes.axhline(chance, color=style.GREY, linewidth=0.8, linestyle=":")
        axes.set_xticks(range(len(sets)), [column.set.replace("_", " ") for column in sets])
        axes.set_xlim(-0.5, len(sets) - 0.5)
        axes.set_ylim(0, 1.05)
        axes.set_ylabel(style.label("Accuracy", model, models))
    more = [Line2D([], [], color=style.GREY, linewidth=0.8, linestyle=":", label="chance"), style.interval_handle()]
    style.method_legend(fig, looks, table["objective"], table["carrier"], more, lines=False)
    style.save(fig, stem, results.note, looks)
