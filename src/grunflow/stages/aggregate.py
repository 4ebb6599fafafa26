"""Scores of every run -> what tables, figures and the report read, as parquet.

metrics (a row per run), questions, snapshots (a row per run and step), snapshot_scores (per question too), efficiency,
losses, examples; with published logs also published_logs.
"""

from pathlib import Path
from typing import Any

import pandas as pd

from grunflow.config.specs import Aggregate
from grunflow.evaluation.aggregate import (
    forget_quality,
    gate_auroc,
    memorisation,
    per_question,
    snapshot_scores,
    snapshot_summary,
    summary,
)
from grunflow.evaluation.examples import examples
from grunflow.evaluation.logs import score_log
from grunflow.manifest import read_manifest

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


def run(spec: Aggregate, inputs: dict[str, list[Path]], out: Path, batch_size: int) -> dict:
    """Inputs `score` and `run` come in the order of spec.runs."""
    identity = [row.model_dump() for row in spec.runs]
    scores = [pd.read_parquet(folder / "scores.parquet") for folder in inputs["score"]]
    questions = [per_question(frame) for frame in scores]
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
    efficiency = pd.DataFrame(cost(who, folder) for who, folder in zip(identity, inputs["run"], strict=True))
    table = pd.DataFrame(metrics)
    table["model_parameters"] = table["model"].map(efficiency.groupby("model")["model_parameters"].first())
    frames = {
        "metrics": table,
        "questions": pd.concat([frame.assign(run=row.run) for row, frame in zip(spec.runs, questions, strict=True)]),
        "efficiency": efficiency,
        "losses": pd.concat(losses(who, folder) for who, folder in zip(identity, inputs["run"], strict=True)),
        "examples": pd.concat(examples(frame).assign(**who) for who, frame in zip(identity, scores, strict=True)),
        **snapshots(identity, inputs["run"]),
    }
    if spec.published_logs:
        frames["published_logs"] = pd.DataFrame(
            {"name": item.name, **score_log(Path(item.log), Path(item.retain_log) if item.retain_log else None)}
            for item in spec.published_logs
        )
    for name, frame in frames.items():
        frame.to_parquet(out / f"{name}.parquet", index=False)
    return {"runs": len(spec.runs)}


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


def snapshots(identity: list[dict[str, Any]], folders: list[Path]) -> dict[str, pd.DataFrame]:
    """Snapshots of the runs that took some: per question, and their means."""
    scored = [
        (who, snapshot_scores(pd.read_parquet(folder / "snapshots.parquet")))
        for who, folder in zip(identity, folders, strict=True)
        if (folder / "snapshots.parquet").is_file()
    ]
    return {
        "snapshot_scores": pd.concat([frame.assign(**who) for who, frame in scored]),
        "snapshots": pd.concat([snapshot_summary(frame).assign(**who) for who, frame in scored]),
    }
