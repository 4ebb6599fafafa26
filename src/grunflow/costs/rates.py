"""What finished jobs took beside what was planned for them, and this machine's own rates that follow from it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from grunflow.config.job import Job
from grunflow.config.study import Resolved
from grunflow.costs.placing import Cost
from grunflow.costs.requests import request_for
from grunflow.costs.stages import cost
from grunflow.errors import BadInput
from grunflow.manifest import MANIFEST, read_manifest

FILE = "rates.json"  # beside the study that it was learnt from; no spec holds any of it


class Taken(NamedTuple):
    """A finished job: its rule, what was planned for it, and what its manifest says it took."""

    rule: str
    planned: Cost
    measured: Mapping[str, Any]


class Rate(NamedTuple):
    """Seconds of a job of one rule: start + FLOPs / flops, on as many GPUs as were planned; flops 0: no work that shows."""

    start: float
    flops: float


def taken(study: Resolved, jobs: Iterable[Job], folder: Path) -> list[Taken]:
    """The study's jobs that are finished below `folder`, a study's results (results/{study}, or a copy of them).

    Raises:
        BadInput: none is.
    """
    root = f"results/{study.study}"
    places = {job.folder: folder / Path(job.folder).relative_to(root) for job in jobs}
    found = [
        Taken(job.rule, cost(study, job.spec), read_manifest(places[job.folder])["measured"])
        for job in jobs
        if (places[job.folder] / MANIFEST).is_file()
    ]
    if not found:
        raise BadInput(f"--against: {folder} holds no finished job of {study.study}; name the folder of its results.")
    return found


def learnt(found: Iterable[Taken]) -> dict[str, Rate]:
    """Rule -> rate: least squares of seconds on FLOPs, neither part negative."""
    from scipy.optimize import nnls

    points: dict[str, list[tuple[float, float]]] = {}
    for item in found:
        work = float(item.planned.flops) / max(1, item.planned.gpus)
        points.setdefault(item.rule, []).append((work, float(item.measured["seconds"])))
    rates = {}
    for rule, of in points.items():
        most = max(work for work, _ in of) or 1.0  # FLOPs beside a column of ones: in units of the largest job
        (start, slope), _ = nnls([[1.0, work / most] for work, _ in of], [seconds for _, seconds in of])
        rates[rule] = Rate(float(start), float(most / slope) if slope else 0.0)
    return rates


def at(rate: Rate | None, planned: Cost) -> Cost:
    """The job's cost at a machine's own rate, where its rule has one."""
    if rate is None:
        return planned
    work = float(planned.flops) / max(1, planned.gpus)
    return replace(planned, seconds=rate.start + (work / rate.flops if rate.flops else 0.0))


def write(folder: Path, rates: Mapping[str, Rate]) -> Path:
    path = folder / FILE
    path.write_text(json.dumps({rule: rate._asdict() for rule, rate in rates.items()}, indent=1, sort_keys=True) + "\n")
    return path


def read(path: Path) -> dict[str, Rate]:
    """
    Raises:
        BadInput: not a file that `write` wrote.
    """
    try:
        return {
            rule: Rate(float(row["start"]), float(row["flops"])) for rule, row in json.loads(path.read_text()).items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadInput(
            f"--rates: {path}: expected what `grunflow plan --against` writes ({FILE}); {type(error).__name__}: {str(error)[:100]}"
        ) from error


def beside(found: Iterable[Taken], rates: Mapping[str, Rate]) -> dict[str, dict[str, float]]:
    """Rule -> jobs, and over them seconds as planned, at the rates and as measured, CPU and GPU seconds; of the largest job
    memory as planned, as asked for (with room to spare) and as measured (bytes)."""
    rows: dict[str, dict[str, float]] = {}
    for item in found:
        row = rows.setdefault(item.rule, dict.fromkeys(BESIDE, 0.0))
        gpu = "peak_gpu_memory_bytes" in item.measured
        for key, value in (
            ("jobs", 1), ("planned_seconds", item.planned.seconds), ("learnt_seconds", at(rates.get(item.rule), item.planned).seconds),
            ("seconds", item.measured["seconds"]), ("cpu_seconds", item.measured.get("cpu_seconds", 0.0)),
            ("gpu_seconds", item.measured.get("gpu_seconds", 0.0)),
        ):  # fmt: skip
            row[key] += value
        planned = item.planned.gpu_bytes if gpu else item.planned.host_bytes
        asked = item.planned.gpu_bytes if gpu else request_for(item.planned)["mem_mb"] * 2**20
        peak = item.measured.get("peak_gpu_memory_bytes", item.measured["peak_memory_bytes"])
        for key, size in (("planned_bytes", planned), ("asked_bytes", asked), ("peak_bytes", peak)):
            row[key] = max(row[key], size)
    return rows


BESIDE = (
    "jobs", "planned_seconds", "learnt_seconds", "seconds", "cpu_seconds", "gpu_seconds", "planned_bytes", "asked_bytes",
    "peak_bytes",
)  # fmt: skip
