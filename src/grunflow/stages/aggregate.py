"""Scores of every run -> metrics.parquet (a row per run), questions.parquet, snapshots.parquet, efficiency.parquet;
with published logs also published_logs.parquet."""

from pathlib import Path

import pandas as pd

from grunflow.config.specs import Aggregate
from grunflow.evaluation.aggregate import (
    forget_quality,
    gate_auroc,
    memorisation,
    per_question,
    snapshot_summary,
    summary,
)
from grunflow.evaluation.logs import score_log
from grunflow.manifest import read_manifest

EFFICIENCY = (
    "model_parameters",
    "trained_parameters",
    "steps",
    "tokens",
    "seconds",
    "cpu_seconds",
    "peak_memory_bytes",
)


def run(spec: Aggregate, inputs: dict[str, list[Path]], out: Path, batch_size: int) -> dict:
    """Inputs `score` and `run` come in the order of spec.runs."""
    identity = [row.model_dump() for row in spec.runs]
    questions = [per_question(pd.read_parquet(folder / "scores.parquet")) for folder in inputs["score"]]
    retain = {
        (row.model, row.forget_split, row.target_seed): frame
        for row, frame in zip(spec.runs, questions, strict=True)
        if row.objective == "retain"
    }
    metrics = [
        {
            **who,
            **summary(frame),
            **gate_auroc(frame),
            **memorisation(pd.read_parquet(folder / "membership.parquet")),
            **forget_quality(frame, retain[row.model, row.forget_split, row.target_seed]),
        }
        for row, who, frame, folder in zip(spec.runs, identity, questions, inputs["score"], strict=True)
    ]
    snapshots = [
        snapshot_summary(pd.read_parquet(folder / "snapshots.parquet")).assign(**who)
        for who, folder in zip(identity, inputs["run"], strict=True)
        if (folder / "snapshots.parquet").is_file()
    ]
    measured = [read_manifest(folder)["measured"] for folder in inputs["run"]]
    efficiency = [
        {**who, **{key: value[key] for key in EFFICIENCY}} for who, value in zip(identity, measured, strict=True)
    ]
    everything = [frame.assign(run=row.run) for row, frame in zip(spec.runs, questions, strict=True)]
    model_parameters = {row.model: value["model_parameters"] for row, value in zip(spec.runs, measured, strict=True)}
    table = pd.DataFrame(metrics)
    table["model_parameters"] = table["model"].map(model_parameters)
    table.to_parquet(out / "metrics.parquet", index=False)
    pd.concat(everything, ignore_index=True).to_parquet(out / "questions.parquet", index=False)
    pd.concat(snapshots, ignore_index=True).to_parquet(out / "snapshots.parquet", index=False)
    if spec.published_logs:
        others = [
            {"name": item.name, **score_log(Path(item.log), Path(item.retain_log) if item.retain_log else None)}
            for item in spec.published_logs
        ]
        pd.DataFrame(others).to_parquet(out / "published_logs.parquet", index=False)
    pd.DataFrame(efficiency).to_parquet(out / "efficiency.parquet", index=False)
    return {"runs": len(spec.runs)}
