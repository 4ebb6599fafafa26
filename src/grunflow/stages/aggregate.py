"""Scores of every run -> metrics.parquet (a row per run), questions.parquet, efficiency.parquet."""

from pathlib import Path

import pandas as pd

from grunflow.config.specs import Aggregate
from grunflow.evaluation.aggregate import forget_quality, per_question, summary
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
            **forget_quality(frame, retain[row.model, row.forget_split, row.target_seed]),
        }
        for row, who, frame in zip(spec.runs, identity, questions, strict=True)
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
    pd.DataFrame(efficiency).to_parquet(out / "efficiency.parquet", index=False)
    return {"runs": len(spec.runs)}
