"""Table efficiency: what training cost, and how much of it one carrier saves against another."""

import numpy as np
import pandas as pd

from grunflow.reporting.forms import Table, figure_column, put, stacked, without_empty
from grunflow.reporting.intervals import Interval, Sample
from grunflow.reporting.results import Results, notes
from grunflow.reporting.samples import SEEDS

METHOD = ["model", "objective", "carrier", "carrier_kind", "variant"]
SAVED = ("trained_parameters", "train_seconds", "train_flops")
SHARE = (-np.inf, 1.0)


def efficiency(per_run: pd.DataFrame) -> pd.DataFrame:
    """One row per model, objective and carrier: means over seeds of what training cost (reference rows: whole
    fine-tuning runs), and <cost>_reduction_vs_<carrier> = 1 - mine / theirs, paired by seed.

    Args:
        per_run: efficiency.parquet of one benchmark.
    """
    groups = {identity: group.sort_values(SEEDS) for identity, group in per_run.groupby(METHOD, sort=False)}
    carriers = dict.fromkeys(name for name in per_run["carrier"] if name)
    rows = []
    for identity, group in groups.items():
        row = dict(zip(METHOD, identity, strict=True)) | spent(group)
        for other in carriers:
            theirs = _of_carrier(groups, row, other)
            if theirs is not None and row["carrier"] not in ("", other):
                for name in SAVED:
                    put(row, f"{name}_reduction_vs_{other}", _reduction(group[name], theirs[name]))
        rows.append(row)
    return without_empty(pd.DataFrame(rows))


def spent(group: pd.DataFrame) -> dict:
    """What the runs of one method cost."""
    row: dict = {"seeds": len(group)}
    row |= {name: int(group[name].iloc[0]) for name in ("trained_parameters", "model_parameters", "steps", "tokens")}
    row["trained_fraction"] = row["trained_parameters"] / row["model_parameters"]
    for name in ("train_seconds", "cpu_seconds"):
        put(row, name, Sample(group[name].to_numpy(float), bounds=(0.0, np.inf)).interval())
    row["train_flops"] = float(group["train_flops"].mean())
    row["gpu_hours"] = float(group["gpu_seconds"].mean() / 3600)
    row["peak_memory_bytes"] = int(group["peak_memory_bytes"].max())
    return row


def _of_carrier(groups: dict, row: dict, carrier: str) -> pd.DataFrame | None:
    """The runs of another carrier with the row's objective."""
    for (model, objective, name, _, variant), group in groups.items():
        if (model, objective, name, variant) == (row["model"], row["objective"], carrier, row["variant"]):
            return group
    return None


def _reduction(mine: pd.Series, theirs: pd.Series) -> Interval:
    return Sample(1 - mine.to_numpy(float) / theirs.to_numpy(float), bounds=SHARE).interval()


def efficiency_table(*results: Results) -> Table:
    """efficiency as it is written."""
    text = (
        f"Cost of training. {notes(results)} Mean over seeds [95 % interval from seeds] on the machine of the run, which other "
        "work may have shared: seconds of the training loop, FLOPs counted, both with what is computed of the frozen model "
        "once before (all of it, though runs share it); peak memory of the GPU, or of the process where there is none. Saved: "
        "1 − cost / cost of the other carrier with the same objective, paired by seed; below 0 it costs more. No GPU: 0 GPU-hours."
    )
    return stacked({item.name: _of_benchmark(item) for item in results if len(item.frame("efficiency"))}, text)


def _of_benchmark(results: Results) -> Table:
    found = efficiency(results.frame("efficiency"))
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
    for other in _dearer(found):
        for name, title in (("train_seconds", "time"), ("train_flops", "FLOPs")):
            column = f"{name}_reduction_vs_{other}"
            if column in found:
                shown[f"Saved {title} vs {other}"] = figure_column(found, column, ".0%")
    shown["Seeds"] = found["seeds"]
    return Table(found, shown, "")


def _dearer(found: pd.DataFrame) -> list[str]:
    """Carriers against which people read what is saved: all but the one that trains the fewest parameters."""
    methods = found[found["carrier"] != ""]
    trained = methods.groupby("carrier", sort=False)["trained_parameters"].min()
    return [name for name in trained.index if name != trained.idxmin()]
