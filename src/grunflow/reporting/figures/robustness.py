"""What shows of the forgotten, and what is lost of the kept, under every condition."""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from grunflow.reporting import style
from grunflow.reporting.results import Results
from grunflow.reporting.style import Looks
from grunflow.reporting.tables.main import ACCESS, CONDITION, STRENGTH
from grunflow.reporting.tables.robustness import COLLATERAL, LEAK, MEASURE, SAID, of_benchmark

ROW_INCHES, EDGE_INCHES = 0.26, 1.0
AXES = {LEAK: "Leak (lower: less shows)", COLLATERAL: "Collateral (lower: less lost)"}


def robustness(results: Results, looks: Looks, stem: Path) -> None:
    """A row per condition, black-box ones first; leak on the left, collateral on the right, methods beside each other in a row. Of an
    attack its last number of steps."""
    table = of_benchmark(results).tidy
    table = table[table[STRENGTH].isna() | (table[STRENGTH] == table.groupby(CONDITION)[STRENGTH].transform("max"))]
    models = list(dict.fromkeys(table["model"]))
    names = in_order(table)
    plt.rcParams.update(style.SETTINGS)  # type: ignore[arg-type]
    height = EDGE_INCHES + ROW_INCHES * len(names) * len(models)
    fig, grid = plt.subplots(
        len(models), 2, figsize=(2 * style.COLUMN_INCHES, height), squeeze=False, sharex="col", sharey=True
    )
    for panels, model in zip(grid, models, strict=True):
        for axes, name in zip(panels, AXES, strict=True):
            _points(axes, table[table["model"] == model], name, names, looks)
        panels[0].set_yticks(range(len(names)), list(names.values()))
        panels[0].set_ylim(len(names) - 0.5, -0.5)
        panels[0].set_ylabel(style.label("", model, models))
    for axes, title in zip(grid[-1], AXES.values(), strict=True):
        axes.set_xlabel(title)
    style.method_legend(fig, looks, table["objective"], table["carrier"], [style.interval_handle()], lines=False)
    style.save(fig, stem, f"{results.note} {SAID}", looks)


def in_order(table: pd.DataFrame) -> dict[str, str]:
    """Condition -> what stands at its row: asked plainly, then black-box, then white-box, each in the order of the table; with the measure
    of those that are not followed by the first one's."""
    rows = table.drop_duplicates(CONDITION).sort_values(ACCESS, kind="stable")
    usual = table[MEASURE].iloc[0]
    return {
        row[CONDITION]: row[CONDITION].replace("_", " ")
        + (f" ({row[STRENGTH]:g})" if row[STRENGTH] == row[STRENGTH] else "")
        + (f" [{row[MEASURE].replace('_', ' ')}]" if row[MEASURE] not in ("", usual) else "")
        for row in rows.to_dict("records")
    }


def _points(axes, table: pd.DataFrame, figure: str, names: dict[str, str], looks: Looks) -> None:
    methods = list(dict.fromkeys(zip(table["objective"], table["carrier"], strict=True)))
    places = list(names)
    for row in table.to_dict("records"):
        apart = style.beside(methods.index((row["objective"], row["carrier"])), len(methods))
        height = places.index(row[CONDITION]) + apart
        style.interval_point(axes, row, figure, height, looks.marker(row["objective"]), looks.colour(row["carrier"]))
    style.lines_between_rows(axes, len(places))
    if figure == COLLATERAL:
        axes.axvline(0, color=style.GREY, linewidth=0.8, linestyle=":")
