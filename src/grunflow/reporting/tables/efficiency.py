"""Table efficiency: what training cost, and how much of it one carrier saves against another."""

import numpy as np
import pandas as pd

from grunflow.reporting.forms import Table, figure_column, put, stacked, without_empty
from grunflow.reporting.intervals import Interval, Sample, half_width
from grunflow.reporting.results import Results, notes
from grunflow.reporting.samples import SEEDS
from grunflow.reporting.seeds import factors, replicates

METHOD = ["model", "objective", "carrier", "carrier_kind", "variant"]
SAVED = ("trained_parameters", "train_seconds", "cpu_seconds", "gpu_hours", "train_flops")


def efficiency(per_run: pd.DataFrame) -> pd.DataFrame:
    """One row per model, objective and carrier: means over seeds of what training cost (reference rows: whole
    fine-tuning runs), and <cost>_reduction_vs_<carrier>, what is saved.

    Args:
        per_run: efficiency.parquet of one benchmark.
    """
    groups = runs_of(per_run)
    of_carrier = {
        (model, objective, carrier, variant): group for (model, objective, carrier, _, variant), group in groups.items()
    }
    carriers = dict.fromkeys(name for name in per_run["carrier"] if name)
    rows = []
    for identity, group in groups.items():
        row = spent(identity, group)
        for other in carriers:
            theirs = of_carrier.get((row["model"], row["objective"], other, row["variant"]))
            if theirs is not None and row["carrier"] not in ("", other):
                both = beside(group, theirs)
                for name in SAVED:
                    put(row, f"{name}_reduction_vs_{other}", saving(*both, name))
        rows.append(row)
    return without_empty(pd.DataFrame(rows))


def spendings(per_run: pd.DataFrame) -> pd.DataFrame:
    """The same without what is saved, which is as many figures as there are pairs of carriers."""
    return without_empty(pd.DataFrame([spent(identity, group) for identity, group in runs_of(per_run).items()]))


def runs_of(per_run: pd.DataFrame) -> dict[tuple, pd.DataFrame]:
    """Method -> its runs, in the order of their seeds; with their shares of what several runs were given by one job."""
    every = per_run.assign(
        gpu_hours=(per_run["gpu_seconds"] + per_run["shared_gpu_seconds"]) / 3600,
        cpu_seconds=per_run["cpu_seconds"] + per_run["shared_cpu_seconds"],
    )
    return {identity: group.sort_values(SEEDS) for identity, group in every.groupby(METHOD, sort=False)}


def spent(identity: tuple, group: pd.DataFrame) -> dict:
    """What the runs of one method cost: the loop's seconds and FLOPs; CPU seconds and GPU-hours of their jobs, with each run's
    share of the job that cached states for several; what scoring took, apart."""
    row: dict = dict(zip(METHOD, identity, strict=True))
    row |= {"seeds": len(group), "replicates": replicates(len(group), factors(group))}
    row |= {name: int(group[name].iloc[0]) for name in ("trained_parameters", "model_parameters", "steps", "tokens")}
    row["trained_fraction"] = row["trained_parameters"] / row["model_parameters"]
    for name in ("train_seconds", "cpu_seconds"):
        sample = Sample(group[name].to_numpy(float), bounds=(0.0, np.inf), factors=factors(group))
        put(row, name, sample.interval())
    row["train_flops"] = float(group["train_flops"].mean())
    row["gpu_hours"] = float(group["gpu_hours"].mean())
    row["evaluation_gpu_hours"] = float(group["evaluation_gpu_seconds"].mean() / 3600)
    row["evaluation_cpu_seconds"] = float(group["evaluation_cpu_seconds"].mean())
    row["peak_memory_bytes"] = int(group["peak_memory_bytes"].max())
    return row


def beside(mine: pd.DataFrame, theirs: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The runs of two methods under the seeds that both have, row by row the same ones."""
    own, other = (_seeds(runs) for runs in (mine, theirs))
    if own == other:
        return mine, theirs
    both = [seed for seed in own if seed in other]
    return mine.iloc[[own[seed] for seed in both]], theirs.iloc[[other[seed] for seed in both]]


def _seeds(runs: pd.DataFrame) -> dict[tuple, int]:
    """Seeds of each run -> its row; of a run without one of them None stands for it."""
    seeds = runs[SEEDS].to_numpy(float).tolist()
    return {tuple(None if np.isnan(seed) else seed for seed in pair): row for row, pair in enumerate(seeds)}


def saving(mine: pd.DataFrame, theirs: pd.DataFrame, name: str) -> Interval:
    """1 - mean(mine) / mean(theirs), of runs under the same seeds (see `beside`); its 95 % interval by that of the log of the ratio,
    paired by seed: to first order ln(mean a / mean b) varies as the mean of a / mean(a) - b / mean(b). So the ends are those of
    two means' ratio, below 1, and turn to 1 - 1 / (1 - saving) where the two change places. nan where nothing was spent."""
    a, b = mine[name].to_numpy(float), theirs[name].to_numpy(float)
    if not len(mine) or a.mean() <= 0 or b.mean() <= 0:
        return Interval(float("nan"), float("nan"), float("nan"))
    ratio = a.mean() / b.mean()
    if len(mine) < 2:
        return Interval(1 - ratio, float("nan"), float("nan"))
    half = float(half_width(a / a.mean() - b / b.mean(), factors=factors(mine)))
    return Interval(1 - ratio, 1 - ratio * np.exp(half), 1 - ratio * np.exp(-half))


def efficiency_table(*results: Results) -> Table:
    """efficiency as it is written."""
    text = (
        f"Cost of unlearning. {notes(results)} Mean over seeds [95 % interval from seeds] on the machine of the run, which other "
        "work may have shared. Seconds and FLOPs of the training loop, FLOPs counted, both with what is computed of the frozen "
        "model once before (all of it, though runs share it). CPU seconds and GPU-hours of the run's whole job, with its share of "
        "the job that cached states for several runs; scoring is told apart. Peak memory of the GPU, or of the process where there is "
        "none. Saved: 1 − mean cost / mean cost of the other carrier with the same objective [interval by the ratio's logarithm, paired by seed]; "
        "below 0 it costs more. Time saved is of GPU-hours, or of CPU seconds where there was no GPU."
    )
    return stacked({item.name: _of_benchmark(item) for item in results if len(item.frame("efficiency"))}, text)


def _of_benchmark(results: Results) -> Table:
    found = efficiency(results.frame("efficiency"))
    on_gpu = bool(found["gpu_hours"].gt(0).any())
    shown = found[["model", "objective", "carrier"]].rename(columns=str.capitalize)
    if "variant" in found:
        shown["Variant"] = found["variant"]
    shown["Trained parameters"] = [
        f"{n:,} ({part:.3%})" for n, part in zip(found.trained_parameters, found.trained_fraction, strict=True)
    ]
    shown["Seconds"] = figure_column(found, "train_seconds", ".1f")
    if on_gpu:
        shown["GPU-hours"] = [f"{hours:.3g}" for hours in found["gpu_hours"]]
        shown["GPU-hours of scoring"] = [f"{hours:.3g}" for hours in found["evaluation_gpu_hours"]]
    else:
        shown["CPU seconds"] = figure_column(found, "cpu_seconds", ".1f")
        shown["CPU seconds of scoring"] = [f"{seconds:.1f}" for seconds in found["evaluation_cpu_seconds"]]
    shown["FLOPs"] = [f"{flops:.2e}" for flops in found["train_flops"]]
    shown["Peak memory, GiB"] = [f"{size / 2**30:.2f}" for size in found["peak_memory_bytes"]]
    time = ("gpu_hours", "GPU time") if on_gpu else ("cpu_seconds", "CPU time")
    for other in _dearer(found):
        for name, title in (time, ("train_flops", "FLOPs")):
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
