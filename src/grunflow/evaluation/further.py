"""Scores of what went on: runs at each number of steps of an attack, methods after each request of a sequence."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from grunflow.benchmarks.base import RETAIN, TARGET, Benchmark, RunScores
from grunflow.config.sets import Picked
from grunflow.config.shown_specs import Aggregate, RequestRow, RunRow
from grunflow.data.picking import places
from grunflow.data.records import read_rows
from grunflow.evaluation.aggregate import identity_columns, per_question
from grunflow.evaluation.taken_for import check_questions, check_values, read_scores

STRENGTH = "strength"
PLAIN = RunRow.model_fields["condition"].default


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


def of_sequences(
    spec: Aggregate, benchmark: Benchmark, folders: Sequence[Path], data: Path, plain: Sequence[Scored]
) -> list[Scored]:
    """A row for each state of a sequence and each request until then (of the forget sets' questions those of that part; 0: of all
    parts so far); and for the models that methods are held against, as they are, one for each request (step 0).

    Args:
        data: the benchmark's data folder.
        plain: rows of runs as they were trained.
    """
    rows = [row["question"] for row in read_rows(data / spec.requested)]
    forgotten = [item.name for item in benchmark.sets if item.role == "forget"]
    found = []

    def told(row: RunRow, frames: Mapping[str, pd.DataFrame], asked: RequestRow, step: int, request: int) -> Scored:
        first, last = (request - 1, request) if request else (0, step)
        questions = {rows[place] for place in places(Picked(parts=asked.requests, first=first, last=last), len(rows))}
        part = of_questions(frames, questions, forgotten)
        return scored(
            benchmark,
            row,
            part,
            f"{step}/{request}",
            condition=asked.sequence,
            strength=float(step),
            request=float(request),
        )

    for row, folder in zip(spec.sequences, folders, strict=True):
        frames = read_scores(row, folder, spec.benchmark.name)
        known = RunRow(**{name: getattr(row, name) for name in RunRow.model_fields})
        found += [told(known, frames, row, row.step, request) for request in range(row.step + 1)]
    references = [item for item in plain if item.row.objective in (TARGET, RETAIN) and item.row.condition == PLAIN]
    for asked in {row.sequence: row for row in spec.sequences}.values():
        seeds = {row.target_seed for row in spec.sequences if row.sequence == asked.sequence}
        for item in references:
            if item.row.target_seed is None or seeds & {item.row.target_seed, None}:
                found += [
                    told(item.row, item.scores.frames, asked, 0, request) for request in range(1, asked.requests + 1)
                ]
    return found


def of_questions(
    frames: Mapping[str, pd.DataFrame], questions: set[str], sets: Sequence[str]
) -> dict[str, pd.DataFrame]:
    """The rows of these questions, of the named sets; of other sets all. What a question is, one output at least says."""
    named = pd.concat(
        frame.loc[frame["set"].isin(sets), ["set", "index", "question"]]
        for frame in frames.values()
        if "question" in frame
    )
    places = pd.MultiIndex.from_frame(named.loc[named["question"].isin(questions), ["set", "index"]])
    return {
        name: frame[
            ~frame["set"].isin(sets) | pd.MultiIndex.from_frame(frame[["set", "index"]]).isin(places)
        ].reset_index(drop=True)
        for name, frame in frames.items()
    }


def of_places(scores: RunScores, like: RunScores) -> RunScores:
    """The scores of one model on the questions that another was asked: of sets of which that was asked a part."""
    asked = pd.MultiIndex.from_frame(like.questions[["set", "index"]])

    def part(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[pd.MultiIndex.from_frame(frame[["set", "index"]]).isin(asked)].reset_index(drop=True)

    if len(scores.questions) == len(like.questions):
        return scores
    return RunScores(part(scores.questions), {name: part(frame) for name, frame in scores.frames.items()})
