"""Folders hold the run that they are taken for, every run answered the same questions, and each figure lies in its range.

What aggregation checks before it averages anything: a moved or half-copied folder would put one method's numbers into
another's row.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from grunflow.benchmarks.base import Metric, RunScores
from grunflow.config.shown_specs import RunRow
from grunflow.errors import BadInput, CheckFailed
from grunflow.evaluation.metrics import gate, left_within
from grunflow.manifest import identity, read_manifest

Frames = dict[str, pd.DataFrame]
MAY_BE_ABSENT = (gate, left_within)  # where no gate is, and where what the target knew lies nowhere
ROUNDING = 1e-6  # by which a sum of float32 log-probabilities may leave a range


def read_scores(row: RunRow, folder: Path, benchmark: str) -> Frames:
    """Output of every probe, by its name.

    Raises:
        BadInput: the folder holds the scores of another run, condition or benchmark, or a file of it is not whole.
    """
    spec = read_manifest(folder)["spec"]
    holds = (spec.get("benchmark"), spec.get("run"), spec.get("called") or (spec.get("condition") or {}).get("name"))
    if holds != (benchmark, row.run, row.condition):
        raise BadInput(
            f"--input score={folder}: holds {' '.join(map(str, holds))}, expected {benchmark} {row.run} {row.condition}; were folders moved? "
            "Run snakemake again."
        )
    return {path.stem: read_parquet(path) for path in sorted(folder.glob("*.parquet"))}


def read_parquet(path: Path) -> pd.DataFrame:
    """A frame of a finished folder.

    Raises:
        BadInput: the file is not whole.
    """
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:  # ArrowInvalid is a ValueError
        reason = " ".join(str(error).split())[:120]
        raise BadInput(
            f"{path}: not a whole parquet file ({reason}); delete its folder and run snakemake again."
        ) from None


def check_runs(
    rows: Sequence[RunRow], scores: Sequence[Path], trained: Sequence[RunRow], folders: Sequence[Path]
) -> None:
    """Each folder of `folders` trained the run of its row, and scores were made from what lies there now.

    Raises:
        BadInput: a folder of another run, or scores of an earlier state of one.
    """
    now = {}
    for row, folder in zip(trained, folders, strict=True):
        manifest = read_manifest(folder)
        now[str(folder)] = identity(manifest)
        for name, found, expected in trained_as(manifest["spec"], row):
            if found != expected:
                raise BadInput(
                    f"--input run={folder}: holds {name} {found!r}, expected {expected!r} of {row.run}; were folders moved?"
                )
    for row, folder in zip(rows, scores, strict=True):
        made_from = read_manifest(folder)["inputs"]
        for place, was in ((place, was) for named in made_from.values() for place, was in named.items()):
            if now.get(place, was) != was:
                raise BadInput(
                    f"--input score={folder}: {row.run} was scored from another state of {place}; run snakemake again."
                )


def trained_as(spec: Mapping[str, Any], row: RunRow) -> list[tuple[str, Any, Any]]:
    """What, as the folder's spec says it, as the row says it; of a reference model its role, else its method and seeds."""
    model = ("model", (spec.get("model") or {}).get("name"), row.model)
    if "role" in spec:
        return [model, ("role", spec["role"], row.objective)]
    return [
        model,
        *((kind, (spec.get(kind) or {}).get("name"), getattr(row, kind)) for kind in ("objective", "carrier")),
        *((key, spec.get(key), getattr(row, key)) for key in ("split", "variant", "target_seed", "unlearn_seed")),
    ]  # fmt: skip


def check_questions(rows: Sequence[RunRow], known: Sequence[RunScores], point: str = "") -> None:
    """Every run answered the same questions, each once: the same places in each set and, where it is known, the same right
    answer there; under a condition, which may leave out a probe, those of the sets that it was asked. point: column of what tells
    several askings apart.

    Raises:
        CheckFailed: one did not.
    """
    first, right = next(iter(_asked(known[0].questions, point).values())), _answers(known[0].frames)
    for row, run in zip(rows, known, strict=True):
        for value, asked in _asked(run.questions, point).items():
            for name in asked.keys() | (first.keys() if row.condition == rows[0].condition else set()):
                mine, others = asked.get(name, ()), first.get(name, ())
                if mine != others or len(set(mine)) != len(mine):
                    raise CheckFailed(
                        f"{_told(row, point, value)}: answered {len(mine)} questions of {name} ({len(set(mine))} different), "
                        f"{rows[0].run} {len(others)}; a figure of one is not that of the other."
                    )
        if right is not None and (own := _answers(run.frames)) is not None and own != right:
            raise CheckFailed(
                f"{row.run} ({row.condition}): was asked other questions than {rows[0].run}; score them again."
            )


def _told(row: RunRow, point: str, value: Any) -> str:
    """A run under a condition, at a point of its way."""
    return f"{row.run} ({row.condition}, {point} {value:g})" if point else f"{row.run} ({row.condition})"


def _asked(questions: pd.DataFrame, point: str) -> dict[Any, dict[str, tuple[int, ...]]]:
    """Point -> set -> places of its questions, in order."""
    found: dict[Any, dict[str, tuple[int, ...]]] = {}
    values = questions[point] if point else pd.Series(0.0, questions.index)
    for (value, name), places in questions["index"].groupby([values, questions["set"]]):
        found.setdefault(value, {})[name] = tuple(sorted(places.to_numpy().tolist()))
    return found or {0.0: {}}


def _answers(frames: Mapping[str, Any]) -> set[tuple[str, int, str]] | None:
    """Set, place and right answer of every question."""
    frame = frames.get("answers")
    if frame is None or "answer" not in frame:
        return None
    return set(zip(frame["set"], frame["index"], frame["answer"], strict=True))


def check_values(metrics: Iterable[Metric], questions: pd.DataFrame, row: RunRow, point: str = "") -> None:
    """Every figure of a question is a number of its metric's range; only some may be wholly absent. point: as of check_questions.

    Raises:
        CheckFailed: names the first that is not.
    """
    for item in metrics:
        if item.per != "question" or item.name not in questions:
            continue
        values, (lo, hi) = questions[item.name].to_numpy(float), item.bounds
        if np.isnan(values).all():
            if item.of in MAY_BE_ABSENT:
                continue
            raise CheckFailed(f"{row.run} ({row.condition}): {item.name} is of no question a number.")
        bad = ~((values >= lo - ROUNDING) & (values <= hi + ROUNDING))
        if bad.any():
            keys = ["set", *filter(None, [point])]
            bad &= questions.groupby(keys)[item.name].transform("count").to_numpy() > 0  # else not taken of that set
        if bad.any():
            first = questions[bad].iloc[0]
            raise CheckFailed(
                f"{_told(row, point, first.get(point))}: {item.name} of {first['set']} question {first['index']} is "
                f"{first[item.name]}, expected {lo:g} to {hi:g}."
            )
