"""Methods compared where they have forgotten equally much.

Methods stop at different points of the trade-off, so their last steps alone tell little. Each run left a path of
snapshots; at a level of forget Probability its retained utility is read off between the last snapshot above the level and
the first one at or below it, question by question, linearly in forget Probability.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from grunflow.reporting.forms import Table, figure_column, put
from grunflow.reporting.intervals import METHOD as INTERVALS
from grunflow.reporting.intervals import Interval, Sample, of_questions
from grunflow.reporting.samples import SEEDS

LEVELS = (0.5, 0.2, 0.1)
UTILITIES = ("retain_probability", "retain_rougeL")
UNKNOWN = Interval(float("nan"), float("nan"), float("nan"))


class Path(NamedTuple):
    """One run: forget Probability at each snapshot, and the retain questions' scores there."""

    forgotten: NDArray  # (snapshots,)
    kept: dict[str, NDArray]  # utility -> (snapshots, questions)

    def at(self, level: float) -> dict[str, NDArray] | None:
        """Scores of the retain questions where the path first comes down to `level`; None where it never does."""
        below = np.flatnonzero(self.forgotten <= level)
        if not len(below):
            return None
        after = below[0]
        if after == 0:
            return {name: scores[0] for name, scores in self.kept.items()}
        above, under = self.forgotten[after - 1], self.forgotten[after]
        share = (above - level) / (above - under)
        return {name: (1 - share) * scores[after - 1] + share * scores[after] for name, scores in self.kept.items()}


def paths(snapshots: pd.DataFrame) -> dict[tuple[str, str, str, str], list[Path]]:
    """(model, split, objective, carrier) -> a path per seed, in the order of the seeds.

    Args:
        snapshots: snapshot_scores.parquet of stages/aggregate.py.
    """
    found: dict[tuple[str, str, str, str], list[Path]] = {}
    key = ["model", "forget_split", "objective", "carrier", *SEEDS, "run"]
    for (model, split, objective, carrier, *_), rows in snapshots.sort_values(["step", "index"]).groupby(key):
        forget, retain = (rows[rows["set"] == name] for name in ("forget", "retain"))
        kept = {f"retain_{metric}": retain.pivot(index="step", columns="index", values=metric).to_numpy()
                for metric in ("probability", "rougeL")}  # fmt: skip
        forgotten = forget.groupby("step")["probability"].mean().to_numpy()
        found.setdefault((model, split, objective, carrier), []).append(Path(forgotten, kept))
    return found


def equal_forgetting(snapshots: pd.DataFrame) -> pd.DataFrame:
    """One row per model, split, objective, level and carrier: retained Probability and ROUGE-L, and their paired
    differences <utility>_minus_<carrier>; empty, with the reason, where a seed's path never comes down to the level."""
    rows: list[dict] = []
    every = paths(snapshots)
    blocks = dict.fromkeys(key[:3] for key in every)
    carriers = list(snapshots["carrier"].unique())
    for model, split, objective in blocks:
        for level in LEVELS:
            reached = {}
            for carrier in carriers:
                runs = every.get((model, split, objective, carrier), [])
                reached[carrier], reason = _samples(runs, level)
                row = {"model": model, "split": split, "objective": objective, "carrier": carrier,
                       "forget_probability": level, "seeds": len(runs), "reason": reason}  # fmt: skip
                rows.append(row)
            for row, mine in zip(rows[-len(carriers) :], reached.values(), strict=True):
                _fill(row, mine, reached)
    return pd.DataFrame(rows)


def _samples(runs: list[Path], level: float) -> tuple[dict[str, Sample] | None, str]:
    """Samples of each utility at the level, or why there are none."""
    if not runs:
        return None, "not in this study"
    scores = [run.at(level) for run in runs]
    there = [found for found in scores if found is not None]
    if len(there) < len(scores):
        lowest = ", ".join(f"{run.forgotten.min():.2f}" for run in runs)
        return None, f"reached under {len(there)} of {len(scores)} seeds (lowest: {lowest})"
    return {name: of_questions(np.stack([found[name] for found in there])) for name in UTILITIES}, ""


def _fill(row: dict, mine: dict[str, Sample] | None, others: dict[str, dict[str, Sample] | None]) -> None:
    for name in UTILITIES:
        put(row, name, mine[name].interval() if mine else UNKNOWN)
    for name in UTILITIES:
        for carrier, theirs in others.items():
            known = mine and theirs and carrier != row["carrier"]
            put(row, f"{name}_minus_{carrier}", mine[name].minus(theirs[name]).interval() if known else UNKNOWN)  # type: ignore[index]


def table(snapshots: pd.DataFrame, origin: str) -> Table:
    """equal_forgetting as it is written; bold where GRUN, or another carrier, is beyond noise above all others."""
    found = equal_forgetting(snapshots)
    shown = found[["model", "objective", "forget_probability", "carrier"]].rename(
        columns={"model": "Model", "objective": "Objective", "forget_probability": "Forget Prob.", "carrier": "Carrier"}
    )
    cells = set()
    titles = {"retain_probability": "Retain Prob. ↑", "retain_rougeL": "Retain ROUGE-L ↑"}
    for name, title in titles.items():
        shown[title] = figure_column(found, name)
        lows = [column for column in found if column.startswith(f"{name}_minus_") and column.endswith("_lo")]
        beaten = (found[lows] > 0) | found[lows].isna()
        clear = beaten.all(axis=1) & (found[lows] > 0).any(axis=1) & _all_reached(found)
        cells |= {(int(place), title) for place in found.index[clear]}
    shown["Not reached"] = found["reason"]
    steps = snapshots.groupby("run")["step"].nunique().max() - 1
    questions = snapshots[snapshots["set"] == "retain"]["index"].nunique()
    text = (
        f"TOFU at equal forgetting. {origin}. Retained utility where a run's forget Probability first comes down to the level, "
        f"linear between {steps} snapshots and the start, on {questions} retain questions that no other table reads; mean "
        f"over seeds [95 % interval: {INTERVALS}]. Bold: the paired difference to every other carrier is above 0, all reached."
    )
    return Table(found, shown, text, frozenset(cells))


def _all_reached(found: pd.DataFrame) -> pd.Series:
    block = ["model", "split", "objective", "forget_probability"]
    return found["reason"].eq("").groupby([found[column] for column in block]).transform("all")
