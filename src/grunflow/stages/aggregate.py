"""Scores of a benchmark's runs -> what tables, figures and the report read, as parquet.

metrics (a row per run and condition), questions, efficiency, losses; where there is something also snapshots (a row per run and
step), snapshot_scores (per question too), examples.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from grunflow.benchmarks.base import RETAIN, Benchmark, RunScores, declared
from grunflow.config.specs import Aggregate
from grunflow.evaluation.aggregate import identity_columns, per_question, summary
from grunflow.evaluation.examples import examples
from grunflow.evaluation.taken_for import check_questions, check_runs, check_values, read_parquet, read_scores
from grunflow.manifest import read_manifest
from grunflow.work import Work

MEASURED = (
    "model_parameters",
    "trained_parameters",
    "steps",
    "tokens",
    "train_seconds",
    "train_flops",
    "cpu_seconds",
    "peak_memory_bytes",
)


def run(spec: Aggregate, work: Work) -> dict[str, Any]:
    """Input `score` comes in the order of spec.runs; input `run` in the order of those that a job trained, once each."""
    benchmark = declared(spec.benchmark)
    scores = [
        read_scores(row, folder, spec.benchmark.name)
        for row, folder in zip(spec.runs, work.inputs["score"], strict=True)
    ]
    known = [RunScores(per_question(benchmark.metrics, benchmark.sets, frames), frames) for frames in scores]
    folders, own_rows = (
        work.inputs["run"],
        [row for row in spec.runs if row.trained and row.condition == spec.runs[0].condition],
    )
    check_runs(spec.runs, work.inputs["score"], own_rows, folders)
    check_questions(spec.runs, known)
    for row, run in zip(spec.runs, known, strict=True):
        check_values(benchmark.metrics, run.questions, f"{row.run} ({row.condition})")
    retain = {
        (row.model, row.split, row.target_seed): run
        for row, run in zip(spec.runs, known, strict=True)
        if row.objective == RETAIN
    }
    who = [identity_columns(row) for row in spec.runs]
    table = pd.DataFrame(
        own | summary(benchmark.metrics, with_reference(run, retain.get((row.model, row.split, row.target_seed))))
        for own, row, run in zip(who, spec.runs, known, strict=True)
    )
    trained = [identity_columns(row) for row in own_rows]
    efficiency = pd.DataFrame(cost(own, folder) for own, folder in zip(trained, folders, strict=True))
    table["model_parameters"] = table["model"].map(efficiency.groupby("model")["model_parameters"].first())
    frames = {
        "metrics": table,
        "questions": pd.concat(
            [
                run.questions.assign(run=own["run"], condition=own["condition"])
                for own, run in zip(who, known, strict=True)
            ]
        ),
        "efficiency": efficiency,
        "losses": pd.concat(losses(own, folder) for own, folder in zip(trained, folders, strict=True)),
        "examples": answers_of(who, scores),
        **snapshots(benchmark, trained, folders),
    }
    for name, frame in frames.items():
        if len(frame):
            frame.to_parquet(work.out / f"{name}.parquet", index=False)
    return {"runs": len(spec.runs)}


def with_reference(run: RunScores, retain: RunScores | None) -> RunScores:
    return RunScores(run.questions, run.frames, {RETAIN: retain} if retain else {})


def answers_of(who: list[dict[str, Any]], scores: list[dict[str, pd.DataFrame]]) -> pd.DataFrame:
    """Example answers, of benchmarks whose models write some."""
    found = [
        examples(frames["answers"]).assign(**own)
        for own, frames in zip(who, scores, strict=True)
        if "answers" in frames
    ]
    return pd.concat(found) if found else pd.DataFrame()


def cost(who: dict[str, Any], folder: Path) -> dict[str, Any]:
    """What training the run took, from its manifest; with what was computed once before its first step."""
    measured = read_manifest(folder)["measured"]
    before = {f"train_{kind}": measured.get(f"once_{kind}", 0) for kind in ("seconds", "flops")}
    return {
        **who,
        **{key: measured[key] + before.get(key, 0) for key in MEASURED},
        # Of a GPU's job its memory is the GPU's.
        "peak_memory_bytes": measured.get("peak_gpu_memory_bytes", measured["peak_memory_bytes"]),
        "gpu_seconds": measured.get("gpu_seconds", 0.0),
    }


def losses(who: dict[str, Any], folder: Path) -> pd.DataFrame:
    """step, loss of an unlearning run; a reference model's manifest holds every n-th loss only, so it has none here."""
    known = read_manifest(folder)["measured"]["losses"] if who["unlearn_seed"] is not None else []
    return pd.DataFrame({"step": range(1, len(known) + 1), "loss": known}).assign(**who)


def snapshots(benchmark: Benchmark, trained: list[dict[str, Any]], folders: Sequence[Path]) -> dict[str, pd.DataFrame]:
    """Snapshots of the runs that took some: per question, and their means."""
    scored = []
    for who, folder in zip(trained, folders, strict=True):
        path = folder / "snapshots.parquet"
        frame = read_parquet(path) if path.is_file() else pd.DataFrame()
        scored += [
            (who | {"step": step}, of_step(benchmark, rows))
            for step, rows in (frame.groupby("step") if len(frame) else ())
        ]
    if not scored:
        return {}
    return {
        "snapshot_scores": pd.concat([frame.assign(**who) for who, frame in scored]),
        "snapshots": pd.DataFrame(
            who | summary(question_metrics(benchmark), RunScores(frame, {})) for who, frame in scored
        ),
    }


def question_metrics(benchmark: Benchmark) -> list[Any]:
    return [metric for metric in benchmark.metrics if metric.per == "question"]


def of_step(benchmark: Benchmark, rows: pd.DataFrame) -> pd.DataFrame:
    """Metrics per question of one snapshot, of the sets that it asks."""
    assert benchmark.snapshot is not None, "only benchmarks with a snapshot probe take some"
    sets = benchmark.snapshot(1).sets
    frames = {
        name: part.drop(columns=["step", "output"]).dropna(axis=1, how="all") for name, part in rows.groupby("output")
    }
    return per_question(question_metrics(benchmark), sets, frames)
