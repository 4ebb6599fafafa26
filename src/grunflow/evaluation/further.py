"""Scores of runs that went on after they were trained: at each number of steps of an attack."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from grunflow.benchmarks.base import Benchmark, RunScores
from grunflow.config.specs import RunRow
from grunflow.evaluation.aggregate import identity_columns, per_question
from grunflow.evaluation.taken_for import check_questions, check_values, read_scores

STRENGTH = "strength"


class Scored(NamedTuple):
    """A row of metrics. who: what identifies it; its `point` is what tells rows of one run and condition apart."""

    row: RunRow
    who: dict[str, Any]
    scores: RunScores


def scored(
    benchmark: Benchmark, row: RunRow, frames: Mapping[str, pd.DataFrame], point: str = "", **told: Any
) -> Scored:
    """What a run answered, with its metrics per question. told: columns in place of the row's."""
    questions = per_question(benchmark.metrics, benchmark.sets, frames)
    check_values(benchmark.metrics, questions, row)
    return Scored(row, identity_columns(row) | told | {"point": point}, RunScores(questions, frames))


def of_attacks(benchmark: Benchmark, name: str, rows: Sequence[RunRow], folders: Sequence[Path]) -> list[Scored]:
    """A row for each run, attack and number of steps. name: the benchmark's in the study."""
    found = [
        item for row, folder in zip(rows, folders, strict=True) for item in _of_attack(benchmark, name, row, folder)
    ]
    for attack in dict.fromkeys(row.condition for row in rows):
        own = [item for item in found if item.row.condition == attack]
        check_questions([item.row for item in own], [item.scores for item in own])
    return found


def _of_attack(benchmark: Benchmark, name: str, row: RunRow, folder: Path) -> Iterator[Scored]:
    outputs = read_scores(row, folder, name)
    for steps in sorted({steps for frame in outputs.values() for steps in frame[STRENGTH].unique()}):
        frames = {
            output: frame[frame[STRENGTH] == steps].drop(columns=STRENGTH).reset_index(drop=True)
            for output, frame in outputs.items()
        }
        yield scored(benchmark, row, frames, point=str(steps), strength=float(steps))


def of_places(scores: RunScores, like: RunScores) -> RunScores:
    """The scores of one model on the questions that another was asked: of sets of which that was asked a part."""
    asked = pd.MultiIndex.from_frame(like.questions[["set", "index"]])

    def part(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[pd.MultiIndex.from_frame(frame[["set", "index"]]).isin(asked)].reset_index(drop=True)

    if len(scores.questions) == len(like.questions):
        return scores
    return RunScores(part(scores.questions), {name: part(frame) for name, frame in scores.frames.items()})
