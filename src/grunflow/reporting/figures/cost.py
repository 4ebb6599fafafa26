"""What unlearning costs, against what was forgotten and what was kept."""

from pathlib import Path

from grunflow.reporting import style
from grunflow.reporting.columns import axis_title
from grunflow.reporting.figures.trade_off import forgotten_of, kept, main_of, point
from grunflow.reporting.results import Results
from grunflow.reporting.style import Looks
from grunflow.reporting.tables.efficiency import spendings


def cost_quality(results: Results, looks: Looks, stem: Path) -> None:
    """Above what is still known of what was to be forgotten, below what the whole is still worth, over the FLOPs of training
    (not seconds: equal runs give equal figures)."""
    table, measured = main_of(results), (forgotten_of(results), kept(results))
    method = [name for name in ("model", "objective", "carrier", "variant") if name in table]
    cost = spendings(results.frame("efficiency"))[[*method, "train_flops"]]
    rows = table[table["carrier"] != ""].merge(cost, on=method)
    models = list(dict.fromkeys(rows["model"]))
    places = [(model, column) for model in models for column in measured]
    fig, grid = style.panels([model for model, _ in places], height_inches=2.1, sharex=True)
    for axes, (model, column) in zip(grid[:, 0], places, strict=True):
        for row in rows[rows["model"] == model].to_dict("records"):
            point(axes, row, "train_flops", column.name, looks)
        axes.set_ylabel(style.label(axis_title(column), model, models))
    for axes in grid[:, 0]:
        style.logarithmic(axes)
    grid[-1, 0].set_xlabel("FLOPs of unlearning (counted)")
    fig.align_ylabels()
    style.method_legend(fig, looks, rows["objective"], rows["carrier"], [style.interval_handle()], lines=False)
    style.save(fig, stem, results.note, looks)
