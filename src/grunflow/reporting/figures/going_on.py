"""What becomes of methods that go on: under attacks, and after one request after the other."""

from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.lines import Line2D

from grunflow.reporting import style
from grunflow.reporting.columns import Column, axis_title, columns, utility
from grunflow.reporting.recovery import measured, recoveries
from grunflow.reporting.results import Results
from grunflow.reporting.style import Looks

LINES: tuple[Any, ...] = ("-", "--", ":", "-.")  # of sequences; more than four begin anew


def relearning(results: Results, looks: Looks, stem: Path) -> None:
    """Forgetting's metric along an attacker's steps, a column of panels per attack; the retain model in black."""
    found = list(recoveries(results))
    models = list(dict.fromkeys(item.method.model for item in found))
    attacks = list(dict.fromkeys(item.method.condition for item in found))
    fig, panels = style.panels(models, len(attacks), 2.4, sharey=True)
    for item in found:
        axes = panels[models.index(item.method.model)][attacks.index(item.method.condition)]
        means = item.scores.mean(axis=2)
        colour = looks.colour(item.method.carrier)
        axes.plot(item.steps, means.mean(axis=1), color=colour, linestyle=looks.line(item.method.carrier),
                  marker=looks.marker(item.method.objective), markersize=3)  # fmt: skip
        axes.fill_between(item.steps, means.min(axis=1), means.max(axis=1), color=colour, alpha=0.15, linewidth=0)
    key = "_".join(measured(results))
    title = next(axis_title(column) for column in columns(results.benchmark, results.metrics) if column.name == key)
    for model, row in zip(models, panels, strict=True):
        row[0].set_ylabel(style.label(title, model, models))
        for attack, axes in zip(attacks, row, strict=True):
            axes.set_xscale("symlog", linthresh=1)
            axes.set_title(attack.replace("_", " "), fontsize=7)
            steps = next(item.steps for item in found if item.method.condition == attack)
            axes.set_xticks(steps, [str(step) for step in steps], fontsize=5)
            axes.minorticks_off()
            axes.margins(x=0.08)
    panels[-1][len(attacks) // 2].set_xlabel("Attacker's steps")
    methods = [item.method for item in found]
    style.method_legend(fig, looks, [item.objective for item in methods], [item.carrier for item in methods])
    note = "An attack trains a run further; the black line is the retain model under the same attack. Mean and range of the seeds that were attacked."
    style.save(fig, stem, f"{results.note} {note}", looks)


def sequential(results: Results, looks: Looks, stem: Path) -> None:
    """Forgetting's metric on all requests so far, and what the whole model is worth, after each request."""
    rows = results.requested
    rows = rows[rows["request"] == 0]
    models, sequences = list(dict.fromkeys(rows["model"])), list(dict.fromkeys(rows["condition"]))
    drawn = shown(results)
    fig, panels = style.panels(models, len(drawn), 2.4)
    for (model, name, objective, carrier), mine in rows.groupby(
        ["model", "condition", "objective", "carrier"], sort=False
    ):
        for place, column in enumerate(drawn):
            axes = panels[models.index(model)][place]
            means = mine.groupby("strength")[column.name].mean()
            axes.plot(means.index, means, color=looks.colour(carrier), linestyle=LINES[sequences.index(name) % len(LINES)],
                      marker=looks.marker(objective), markersize=3)  # fmt: skip
    for model, row in zip(models, panels, strict=True):
        for column, axes in zip(drawn, row, strict=True):
            axes.set_ylabel(style.label(axis_title(column), model, models))
            axes.set_xticks(sorted(set(rows["strength"])))
    panels[-1][0].set_xlabel("Requests so far")
    handles = [
        Line2D([], [], color=style.GREY, linestyle=LINES[place % len(LINES)], label=name.replace("_", " "))
        for place, name in enumerate(sequences)
    ]
    style.method_legend(fig, looks, rows["objective"], rows["carrier"], handles, lines=False)
    style.save(
        fig,
        stem,
        f"{results.note} Mean over the seeds that took a sequence, of all requests so far; a line style per sequence.",
        looks,
    )


def shown(results: Results) -> list[Column]:
    """What is forgotten of all requests so far, and what the model is worth."""
    key, whole = "_".join(measured(results)), utility(results.benchmark)
    wanted: list[Any] = [key, *([whole.name] if whole else [])]
    every: pd.DataFrame = results.requested
    return [column for column in columns(results.benchmark, every) if column.name in wanted]
