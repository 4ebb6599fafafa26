"""Table efficiency: what training cost, and how much of it GRUN saves."""

import numpy as np
import pandas as pd

from grunflow.reporting.forms import Table, figure_column, put
from grunflow.reporting.intervals import Sample
from grunflow.reporting.samples import SEEDS
from grunflow.reporting.tofu import without_variant

METHOD = ["model", "objective", "carrier", "variant"]
AGAINST = ("full", "lora")
SAVED = ("trained_parameters", "train_seconds", "train_flops")
SHARE = (-np.inf, 1.0)


def efficiency(per_run: pd.DataFrame) -> pd.DataFrame:
    """One row per model, objective and carrier: means over seeds of what training cost (reference rows: whole
    fine-tuning runs), and <cost>_reduction_vs_<carrier> = 1 - mine / theirs, paired by seed.

    Args:
        per_run: efficiency.parquet and cost.parquet of the aggregating stages, together.
    """
    groups = {identity: group.sort_values(SEEDS) for identity, group in per_run.groupby(METHOD, sort=False)}
    rows = []
    for identity, group in groups.items():
        row: dict = dict(zip(METHOD, identity, strict=True)) | {"seeds": len(group)}
        row |= {
            name: int(group[name].iloc[0]) for name in ("trained_parameters", "model_parameters", "steps", "tokens")
        }
        row["trained_fraction"] = row["trained_parameters"] / row["model_parameters"]
        for name in ("train_seconds", "cpu_seconds"):
            put(row, name, Sample(group[name].to_numpy(float), bounds=(0.0, np.inf)).interval())
        row["train_flops"] = float(group["train_flops"].mean())
        row["gpu_hours"] = float(group["gpu_seconds"].mean() / 3600)
        row["peak_memory_bytes"] = int(group["peak_memory_bytes"].max())
        for other in AGAINST:
            theirs = groups.get((row["model"], row["objective"], other, row["variant"]))
            if theirs is not None and row["carrier"] not in ("", other):
                for name in SAVED:
                    put(row, f"{name}_reduction_vs_{other}", _reduction(group[name], theirs[name]))
        rows.append(row)
    return without_variant(pd.DataFrame(rows))


def _reduction(mine: pd.Series, theirs: pd.Series):
    return Sample(1 - mine.to_numpy(float) / theirs.to_numpy(float), bounds=SHARE).interval()


def table(per_run: pd.DataFrame, origin: str) -> Table:
    """efficiency as it is written."""
    found = efficiency(per_run)
    shown = found[["model", "objective", "carrier"]].rename(columns=str.capitalize)
    if "variant" in found:
        shown["Variant"] = found["variant"]
    shown["Trained parameters"] = [
        f"{n:,} ({part:.3%})" for n, part in zip(found.trained_parameters, found.trained_fraction, strict=True)
    ]
    shown["Seconds"] = figure_column(found, "train_seconds", ".1f")
    shown["GPU-hours"] = [f"{hours:.3g}" for hours in found["gpu_hours"]]
    shown["FLOPs"] = [f"{flops:.2e}" for flops in found["train_flops"]]
    shown["Peak memory, GiB"] = [f"{size / 2**30:.2f}" for size in found["peak_memory_bytes"]]
    for other in AGAINST:
        for name, title in (("train_seconds", "time"), ("train_flops", "FLOPs")):
            column = f"{name}_reduction_vs_{other}"
            if column in found:
                shown[f"Saved {title} vs {other}"] = figure_column(found, column, ".0%")
    shown["Seeds"] = found["seeds"]
    text = (
        f"Cost of training. {origin}. Mean over seeds [95 % interval from seeds] on the machine of the run, which other work may "
        "have shared: seconds of the training loop, FLOPs counted, both with what is computed of the frozen model once before (all "
        "of it, though runs share it); peak memory of the GPU, or of the process where there is none. Saved: 1 − cost / "
        "cost of the other carrier with the same objective, paired by seed; below 0 it costs more. No GPU: 0 GPU-hours."
    )
    return Table(found, shown, text)
