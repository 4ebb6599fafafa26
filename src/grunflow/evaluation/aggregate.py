"""Probes' output -> metrics: per question, and of a run. What the metrics are is the benchmark's (benchmarks/base.py)."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from typing import Any

import pandas as pd

from grunflow.benchmarks.base import Metric, RunScores
from grunflow.config.sets import DataSet
from grunflow.evaluation.metrics import GATE

GATES = (GATE, f"paraphrased_{GATE}")


def per_question(
    metrics: Sequence[Metric], sets: Iterable[DataSet], frames: Mapping[str, pd.DataFrame], point: str = ""
) -> pd.DataFrame:
    """set, index, a column per metric of single questions, what metrics of runs compare, and the gates per block.

    point: column of what tells several askings of one question apart, a step or a strength; rows come in its order.
    """
    parts, keys = [], ["set", "index", *filter(None, [point])]
    for asked in sets:
        outputs = list(_of_set(metrics, asked, frames, point))
        if outputs:  # of several outputs a question has one row
            parts.append(reduce(lambda known, more: known.merge(more, on=keys, how="outer"), outputs))
    if not parts:
        return pd.DataFrame({key: [] for key in keys})
    found = pd.concat(parts, ignore_index=True)
    return found.sort_values(point, kind="stable", ignore_index=True) if point else found


def _of_set(
    metrics: Sequence[Metric], asked: DataSet, frames: Mapping[str, pd.DataFrame], point: str
) -> Iterator[pd.DataFrame]:
    """One frame per output that holds the set."""
    for name, frame in frames.items():
        own = [item for item in metrics if item.probe == name and asked.role in item.roles]
        rows = frame[frame["set"] == asked.name].reset_index(drop=True)
        if not own or rows.empty:
            continue
        found = {
            item.name: item.of(rows, asked.role) for item in own if item.per == "question" and can_be_taken(item, rows)
        }
        found |= {
            item.keeps[0]: item.keeps[1](rows, asked.role) for item in own if item.keeps and can_be_taken(item, rows)
        }
        gates = {column: rows[column].to_numpy() for column in _whole_gates(rows, point)}
        if not found and not gates:  # of this output only metrics of whole runs are taken
            continue
        at = {point: rows[point].to_numpy()} if point else {}
        yield pd.DataFrame({"set": asked.name, "index": rows["index"].to_numpy(), **at, **found, **gates})


def _whole_gates(rows: pd.DataFrame, point: str) -> list[str]:
    """Columns of gates that are known of every question, at one point at least."""
    gates = [column for column in rows if column.startswith(GATES)]
    known = rows[gates].notna()
    whole = known.groupby(rows[point]).all().any() if point else known.all()
    return [column for column in gates if whole[column]]


def can_be_taken(metric: Metric, rows: pd.DataFrame) -> bool:
    """Whether the rows hold what the metric needs: the column, and of lists none that is empty."""
    if not metric.needs:
        return True
    return metric.needs in rows and all(isinstance(value, str) or len(value) > 0 for value in rows[metric.needs])


def summary(metrics: Sequence[Metric], run: RunScores) -> dict[str, float]:
    """<set>_<metric> means of the questions' metrics, then the metrics of the whole run; one that cannot be taken is left out."""
    found: dict[str, float] = {}
    for name, rows in run.questions.groupby("set", sort=False):
        for item in metrics:
            if item.per == "question" and item.name in rows and rows[item.name].notna().all():
                found[f"{name}_{item.name}"] = float(rows[item.name].mean())
    for item in metrics:
        if item.per == "run" and _has(item, run) and not math.isnan(value := item.of(run)):
            found[item.name] = value
    return found


def _has(metric: Metric, run: RunScores) -> bool:
    known = not metric.reference or metric.reference in run.references
    return known and metric.probe in run.frames and (metric.keeps is None or metric.keeps[0] in run.questions)


def identity_columns(row: Any) -> dict[str, Any]:
    """What every frame of an aggregated benchmark says of a run."""
    return {key: value for key, value in row.model_dump().items() if key != "trained"}
