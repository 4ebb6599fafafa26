"""Scores of a benchmark's runs -> what tables, figures and the report read, as parquet.

metrics (a row per run and condition), questions, efficiency, losses; where there is something also snapshots (a row per run and
step), snapshot_scores (per question too), strength_scores (per run, strength and question), examples.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from grunflow.benchmarks.base import RETAIN, Benchmark, RunScores, declared
from grunflow.config.references import held_against
from grunflow.config.sets import DataSet
from grunflow.config.shown_specs import Aggregate, RunRow
from grunflow.evaluation.aggregate import identity_columns, per_question, summary
from grunflow.evaluation.examples import examples
from grunflow.evaluation.further import of_attacks, of_places, of_sequences, scored
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
    """Input `score` comes in the order of spec.runs, `way` in that of spec.ways, `run` in the order of those that a job trained,
    once each."""
    benchmark = declared(spec.benchmark)
    scores = [
        read_scores(row, folder, spec.benchmark.name)
        for row, folder in zip(spec.runs, work.inputs["score"], strict=True)
    ]
    plain = [scored(benchmark, row, frames) for row, frames in zip(spec.runs, scores, strict=True)]
    known = [item.scores for item in plain]
    folders = work.inputs["run"]
    own_rows = [row for row in spec.runs if row.trained and row.condition == spec.runs[0].condition]
    ways, attacked, parted = (work.inputs.get(name, []) for name in ("way", "attacked", "sequence"))
    rows = (*spec.runs, *spec.ways, *spec.attacks, *spec.sequences)
    check_runs(rows, (*work.inputs["score"], *ways, *attacked, *parted), own_rows, folders)
    check_questions(spec.runs, known)
    every = [*plain, *of_attacks(benchmark, spec.benchmark.name, spec.attacks, attacked)]
    if spec.sequences:
        every += of_sequences(spec, benchmark, parted, work.inputs["data"][0], plain)
    retain = [
        (row, run)
        for row, run in zip(spec.runs, known, strict=True)
        if row.objective == RETAIN and row.condition == spec.runs[0].condition
    ]
    table = pd.DataFrame(
        item.who | summary(benchmark.metrics, with_reference(item.scores, retain_of(item.row, retain)))
        for item in every
    )
    trained = [identity_columns(row) for row in own_rows]
    efficiency = costs(trained, folders, spec.runs, work.inputs["score"])
    table["model_parameters"] = table["model"].map(efficiency.groupby("model")["model_parameters"].first())
    frames = {
        "metrics": table,
        "questions": pd.concat(
            [
                item.scores.questions.assign(**{name: item.who[name] for name in ("run", "condition", "point")})
                for item in every
            ]
        ),
        "efficiency": efficiency,
        "losses": pd.concat(losses(own, folder) for own, folder in zip(trained, folders, strict=True)),
        "examples": answers_of([item.who for item in plain], scores),
        **snapshots(benchmark, trained, folders),
        "strength_scores": followed(spec, benchmark, ways),
    }
    for name, frame in frames.items():
        if len(frame):
            frame.to_parquet(work.out / f"{name}.parquet", index=False)
    return {"runs": len(spec.runs)}


def retain_of(row: RunRow, retain: Sequence[tuple[RunRow, RunScores]]) -> RunScores | None:
    """Scores of the retain model that a run is held against, if there is one."""
    found = held_against(row, [own for own, _ in retain])
    return next((run for own, run in retain if own is found), None)


def with_reference(run: RunScores, retain: RunScores | None) -> RunScores:
    return RunScores(run.questions, run.frames, {RETAIN: of_places(retain, run)} if retain else {})


def answers_of(who: list[dict[str, Any]], scores: list[dict[str, pd.DataFrame]]) -> pd.DataFrame:
    """Example answers, of benchmarks whose models write some."""
    found = [
        examples(frames["answers"]).assign(**own)
        for own, frames in zip(who, scores, strict=True)
        if "answers" in frames
    ]
    return pd.concat(found) if found else pd.DataFrame()


def costs(
    trained: list[dict[str, Any]], folders: Sequence[Path], rows: Sequence[RunRow], scores: Sequence[Path]
) -> pd.DataFrame:
    """A row per trained run: its own job, its share of the job that cached states for it, and what scoring it took."""
    manifests = [read_manifest(folder) for folder in folders]
    shared = Counter(place for manifest in manifests for place in manifest["inputs"].get("frozen", {}))
    scored = {
        row.run: read_manifest(folder)["measured"]
        for row, folder in zip(rows, scores, strict=True)
        if row.condition == rows[0].condition
    }
    return pd.DataFrame(
        cost(own, manifest, shared, scored[own["run"]]) for own, manifest in zip(trained, manifests, strict=True)
    )


def cost(who: dict[str, Any], manifest: dict[str, Any], shared: Counter[str], scored: dict[str, Any]) -> dict[str, Any]:
    """What the run took, from its manifest. Seconds and FLOPs of training are with what was computed once before its first step,
    all of it; CPU and GPU seconds are of jobs. shared: folder of cached states -> runs that read it."""
    measured = manifest["measured"]
    before = {f"train_{kind}": measured.get(f"once_{kind}", 0) for kind in ("seconds", "flops")}
    sharing = max([1, *(shared[place] for place in manifest["inputs"].get("frozen", {}))])
    return {
        **who,
        **{key: measured[key] + before.get(key, 0) for key in MEASURED},
        # Of a GPU's job its memory is the GPU's.
        "peak_memory_bytes": measured.get("peak_gpu_memory_bytes", measured["peak_memory_bytes"]),
        "gpu_seconds": measured.get("gpu_seconds", 0.0),
        **{f"shared_{kind}_seconds": measured.get(f"once_{kind}_seconds", 0.0) / sharing for kind in ("cpu", "gpu")},
        **{f"evaluation_{kind}_seconds": scored.get(f"{kind}_seconds", 0.0) for kind in ("cpu", "gpu")},
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
        if len(frame):
            scored.append((who, of_steps(benchmark, frame)))
    if not scored:
        return {}
    metrics = question_metrics(benchmark)
    return {
        "snapshot_scores": pd.concat(
            [frame.drop(columns="step").assign(**who, step=frame["step"]) for who, frame in scored]
        ),
        "snapshots": pd.DataFrame(
            who | {"step": step} | summary(metrics, RunScores(rows, {}))
            for who, frame in scored
            for step, rows in frame.groupby("step")
        ),
    }


def followed(spec: Aggregate, benchmark: Benchmark, folders: Sequence[Path]) -> pd.DataFrame:
    """Metrics per question of runs at each strength that one job went along."""
    known, point = [], "strength"
    for row, folder in zip(spec.ways, folders, strict=True):
        frames = read_scores(row, folder, spec.benchmark.name)
        scores = per_question(question_metrics(benchmark), _asked_sets(benchmark), frames, point)
        known.append(RunScores(scores, frames))
        check_values(benchmark.metrics, scores, row, point)
    if not known:
        return pd.DataFrame()
    check_questions(spec.ways, known, point)
    return pd.concat(
        run.questions.drop(columns=point).assign(**identity_columns(row) | {point: run.questions[point]})
        for row, run in zip(spec.ways, known, strict=True)
    )


def question_metrics(benchmark: Benchmark) -> list[Any]:
    return [metric for metric in benchmark.metrics if metric.per == "question"]


def of_steps(benchmark: Benchmark, rows: pd.DataFrame) -> pd.DataFrame:
    """Metrics per question of a run's snapshots, of the sets that they ask, step by step."""
    frames = {name: part.drop(columns="output").dropna(axis=1, how="all") for name, part in rows.groupby("output")}
    return per_question(question_metrics(benchmark), _asked_sets(benchmark), frames, "step")


def _asked_sets(benchmark: Benchmark) -> tuple[DataSet, ...]:
    """Sets that a run is asked on its way."""
    assert benchmark.snapshot is not None, "only benchmarks with a snapshot probe take some"
    return benchmark.snapshot(1).sets
