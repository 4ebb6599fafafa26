"""The WMDP part: accuracies with intervals and the change against the untouched model, and their table."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from grunflow.reporting.intervals import Interval, interval

CHANCE = 0.25  # four options
BASE = "base"


def wmdp_main(answers: pd.DataFrame) -> pd.DataFrame:
    """One row per model, objective and carrier: <task>_accuracy and, against the row `base`, <task>_change, each with
    _lo and _hi (95 %; the change's over questions paired with the base's answers).

    Args:
        answers: run, model, objective, carrier, unlearn_seed, task, index, correct (stages/aggregate_wmdp.py).
    """
    rows = []
    for identity, group in answers.groupby(["model", "objective", "carrier"], sort=False):
        row: dict = dict(zip(("model", "objective", "carrier"), identity, strict=True))
        row["seeds"] = group["run"].nunique()
        untouched = answers[(answers["model"] == row["model"]) & (answers["objective"] == BASE)]
        for task in answers["task"].unique():
            scores, before = _scores(group, task), _scores(untouched, task)
            _put(row, f"{task}_accuracy", interval(scores))
            if row["objective"] != BASE:
                _put(row, f"{task}_change", interval(scores - before, (-1.0, 1.0)))
            row[f"{task}_questions"] = scores.shape[1]
        rows.append(row)
    return pd.DataFrame(rows)


def _scores(group: pd.DataFrame, task: str) -> NDArray:
    """Right or wrong as 1 or 0, shape (seeds, questions)."""
    return group[group["task"] == task].pivot(index="run", columns="index", values="correct").to_numpy(dtype=float)


def _put(row: dict, name: str, figure: Interval) -> None:
    row[name], row[f"{name}_lo"], row[f"{name}_hi"] = figure


def tasks_of(table: pd.DataFrame) -> list[str]:
    return [column.removesuffix("_accuracy") for column in table if column.endswith("_accuracy")]


def readable(table: pd.DataFrame) -> pd.DataFrame:
    """`accuracy [lo, hi]` per task, and the change against the base as `+0.01 [lo, hi]`."""
    short = pd.DataFrame({"Model": table.model, "Objective": table.objective, "Carrier": table.carrier})
    for task in tasks_of(table):
        for kind, form in (("accuracy", "{:.3f} [{:.3f}, {:.3f}]"), ("change", "{:+.3f} [{:+.3f}, {:+.3f}]")):
            column = f"{task}_{kind}"
            if column in table:
                figures = table[[column, f"{column}_lo", f"{column}_hi"]].to_numpy(dtype=float)
                cells = ["" if np.isnan(figure[0]) else form.format(*figure) for figure in figures]
                short[f"{task} {kind}"] = cells
    short["Seeds"] = table.seeds
    return short


def caption(table: pd.DataFrame, origin: str) -> str:
    counts = ", ".join(f"{task} {table[f'{task}_questions'].iloc[0]}" for task in tasks_of(table))
    return (
        f"WMDP. {origin}. Accuracy of multiple-choice answers by lm-eval (chance {CHANCE}), mean over seeds [95 % interval "
        f"from questions and seeds], and the change against the untouched model (paired). Questions: {counts}."
    )
