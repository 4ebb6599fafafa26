"""Table wmdp_main: accuracies with intervals, and the change against the untouched model."""

import pandas as pd
from numpy.typing import NDArray

from grunflow.reporting.best import BOLD, clear_best
from grunflow.reporting.forms import Cell, Table, figure_column, put
from grunflow.reporting.intervals import METHOD as INTERVALS
from grunflow.reporting.intervals import Sample, of_questions

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
            put(row, f"{task}_accuracy", of_questions(scores).interval())
            if row["objective"] != BASE:
                put(row, f"{task}_change", of_questions(scores - before, (-1.0, 1.0)).interval())
            row[f"{task}_questions"] = scores.shape[1]
        rows.append(row)
    return pd.DataFrame(rows)


def _scores(group: pd.DataFrame, task: str) -> NDArray:
    """Right or wrong as 1 or 0, shape (seeds, questions), in the order of the seeds."""
    rows = group[group["task"] == task].sort_values("unlearn_seed")
    table = rows.pivot(index="run", columns="index", values="correct")
    return table.loc[rows["run"].unique()].to_numpy(dtype=float)


def tasks_of(table: pd.DataFrame) -> list[str]:
    return [column.removesuffix("_accuracy") for column in table if column.endswith("_accuracy")]


def table(answers: pd.DataFrame, origin: str) -> Table:
    """wmdp_main as it is written: accuracy per task, and its change as `+0.01 [lo, hi]`."""
    main = wmdp_main(answers)
    shown = main[["model", "objective", "carrier"]].rename(columns=str.capitalize)
    for task in tasks_of(main):
        for kind, form in (("accuracy", ".3f"), ("change", "+.3f")):
            if f"{task}_{kind}" in main:
                shown[f"{task} {kind}"] = figure_column(main, f"{task}_{kind}", form)
    shown["Seeds"] = main["seeds"]
    return Table(main, shown, caption(main, origin), bold(main, answers))


def bold(main: pd.DataFrame, answers: pd.DataFrame) -> frozenset[Cell]:
    """Accuracies clearly best of their objective; what is to be forgotten is a task whose base accuracy is to fall."""
    cells = set()
    for (model, objective), block in main[main["objective"] != BASE].groupby(["model", "objective"]):
        rows = answers[(answers["model"] == model) & (answers["objective"] == objective)]
        for task in tasks_of(main):
            samples: dict[str, Sample] = {
                carrier: of_questions(_scores(group, task)) for carrier, group in rows.groupby("carrier")
            }
            best = clear_best(samples, lower_is_better=is_forgotten(task))
            cells |= {(int(place), f"{task} accuracy") for place in block.index[block["carrier"] == best]}
    return frozenset(cells)


def is_forgotten(task: str) -> bool:
    """WMDP's own tasks and the demo's forget domain are to be forgotten; MMLU and the retain domain are kept."""
    return task.startswith(("wmdp", "forget"))


def caption(main: pd.DataFrame, origin: str) -> str:
    counts = ", ".join(f"{task} {main[f'{task}_questions'].iloc[0]}" for task in tasks_of(main))
    return (
        f"WMDP. {origin}. Accuracy of multiple-choice answers by lm-eval (chance {CHANCE}), mean over seeds [95 % interval: "
        f"{INTERVALS}], and the change against the untouched model (paired). Questions: {counts}. {BOLD}."
    )
