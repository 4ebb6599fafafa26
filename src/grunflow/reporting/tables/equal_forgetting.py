"""Methods compared where they have forgotten equally much.

Methods stop at different points of the trade-off, so their last steps alone tell little. Each run left a path of
snapshots; at a level of what is still known of the forget sets, what it retains is read off between the last snapshot above
the level and the first one at or below it, question by question, linearly in what is still known.
"""

import numpy as np
import pandas as pd

from grunflow.reporting.columns import KEEP
from grunflow.reporting.forms import Table, figure_column, put, stacked, without_empty
from grunflow.reporting.intervals import METHOD as INTERVALS
from grunflow.reporting.intervals import Interval, Sample, of_questions
from grunflow.reporting.paths import Path, Way, forgotten_column, kept_of, metric_of, paths
from grunflow.reporting.results import Results, notes

LEVELS = (0.5, 0.2, 0.1)  # shares of what lies above guessing
UNKNOWN = Interval(float("nan"), float("nan"), float("nan"))


def levels(results: Results) -> list[float]:
    """The levels in the metric's own scale: of answers by options, guessing is the lowest that can be hoped for."""
    guess = results.benchmark.chance or 0.0
    return [round(guess + (1 - guess) * level, 6) for level in LEVELS]


def equal_forgetting(results: Results) -> pd.DataFrame:
    """One row per model, split, objective, level and carrier: what was retained, and its paired differences
    <figure>_minus_<carrier>; empty, with the reason, where a seed's path never comes down to the level."""
    every, names = paths(results), [column.name for column in kept_of(results)]
    kinds = {way.carrier: way.carrier_kind for way in every}
    rows: list[dict] = []
    for model, split, objective in dict.fromkeys(way[:3] for way in every):
        for level in levels(results):
            block, reached = [], {}
            for carrier, kind in kinds.items():
                runs = every.get(Way(model, split, objective, carrier, kind), [])
                reached[carrier], reason = _samples(runs, level)
                block.append(
                    {"model": model, "split": split, "objective": objective, "carrier": carrier, "carrier_kind": kind,
                     forgotten_column(results): level, "seeds": len(runs), "reason": reason}
                )  # fmt: skip
            for row in block:
                _fill(row, names, reached)
            rows += block
    return pd.DataFrame(rows)


def _samples(runs: list[Path], level: float) -> tuple[dict[str, Sample] | None, str]:
    """Samples of each figure at the level, or why there are none."""
    if not runs:
        return None, "not in this study"
    scores = [run.at(level) for run in runs]
    there = [found for found in scores if found is not None]
    if len(there) < len(scores):
        lowest = ", ".join(f"{run.forgotten.min():.2f}" for run in runs)
        return None, f"reached under {len(there)} of {len(scores)} seeds (lowest: {lowest})"
    return {name: of_questions(np.stack([found[name] for found in there])) for name in there[0]}, ""


def _fill(row: dict, names: list[str], reached: dict[str, dict[str, Sample] | None]) -> None:
    mine = reached[row["carrier"]]
    for name in names:
        put(row, name, mine[name].interval() if mine else UNKNOWN)
        for carrier, theirs in reached.items():
            known = mine is not None and theirs is not None and carrier != row["carrier"]
            put(row, f"{name}_minus_{carrier}", mine[name].minus(theirs[name]).interval() if known else UNKNOWN)  # type: ignore[index]


def equal_forgetting_table(*results: Results) -> Table:
    """equal_forgetting as it is written; bold where a carrier is beyond noise above all others."""
    asked = " / ".join(_asked(item) for item in results)
    text = (
        f"At equal forgetting. {notes(results)} What is retained where a run first comes down to a level of what it still "
        f"knows of the forget sets, linear between {asked}; mean over seeds [95 % interval: {INTERVALS}]. Bold: the paired "
        "difference to every other carrier is above 0, all reached."
    )
    return stacked({item.name: _of_benchmark(item) for item in results}, text)


def _asked(results: Results) -> str:
    scores, benchmark = results.frame("snapshot_scores"), results.benchmark
    assert benchmark.snapshot is not None, "runs left snapshots"
    kept = [item for item in benchmark.snapshot(1).sets if item.role == KEEP]
    questions = scores[scores["set"].isin([item.name for item in kept])].groupby("set")["index"].nunique().sum()
    own = "" if {item.file for item in kept} & {item.file for item in benchmark.sets} else " that no other table reads"
    steps = scores.groupby("run")["step"].nunique().max() - 1
    return f"{steps} snapshots and the start, on {questions} questions{own}"


def _of_benchmark(results: Results) -> Table:
    found, level = equal_forgetting(results), forgotten_column(results)
    shown = found[["model", "objective"]].rename(columns=str.capitalize)
    shown["Forgotten to"] = [f"{metric_of(results).title} {value:.3g}" for value in found[level]]
    shown["Carrier"] = found["carrier"]
    cells = set()
    for column in kept_of(results):
        shown[column.heading] = figure_column(found, column.name)
        lows = [name for name in found if name.startswith(f"{column.name}_minus_") and name.endswith("_lo")]
        beaten = (found[lows] > 0) | found[lows].isna()
        clear = beaten.all(axis=1) & (found[lows] > 0).any(axis=1) & _all_reached(found, level)
        cells |= {(int(place), column.heading) for place in found.index[clear]}
    shown["Not reached"] = found["reason"]
    return Table(without_empty(found, ("split",)), shown, "", frozenset(cells))


def _all_reached(found: pd.DataFrame, level: str) -> pd.Series:
    block = ["model", "split", "objective", level]
    return found["reason"].eq("").groupby([found[column] for column in block]).transform("all")
