"""What finished jobs took beside what was planned for them, and this machine's own rates that follow from it."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from grunflow.config.job import Job
from grunflow.config.study import Resolved
from grunflow.costs.placing import Cost
from grunflow.costs.rates import Rate, at
from grunflow.costs.requests import request_for
from grunflow.costs.stages import cost
from grunflow.errors import BadInput
from grunflow.manifest import MANIFEST, read_manifest


class Taken(NamedTuple):
    """A finished job: its rule, what was planned for it, and what its manifest says it took."""

    rule: str
    planned: Cost
    measured: Mapping[str, Any]


def taken(study: Resolved, jobs: Iterable[Job], folder: Path) -> tuple[list[Taken], int]:
    """The study's jobs that are finished below `folder`, a study's results (results/{study}, or a copy of them); and how many more are
    finished there by another spec than the study's: what these took is nothing that was planned.

    Raises:
        BadInput: none is.
    """
    root, found, others = f"results/{study.study}", [], 0
    for job in jobs:
        place = folder / Path(job.folder).relative_to(root)
        if not (place / MANIFEST).is_file():
            continue
        manifest = read_manifest(place)
        if manifest["spec"] == job.spec.model_dump(mode="json"):
            found.append(Taken(job.rule, cost(study, job.spec), manifest["measured"]))
        else:
            others += 1
    if not found:
        told = f" as the config says now ({others} as another said)" if others else ""
        raise BadInput(
            f"--against: {folder} holds no finished job of {study.study}{told}; name the folder of its results."
        )
    return found, others


def learnt(found: Iterable[Taken]) -> dict[str, Rate]:
    """Rule -> rate: least squares of seconds on FLOPs, neither part negative; the largest share of memory, of jobs of one process (a
    manifest knows of no other's)."""
    from scipy.optimize import nnls

    points: dict[str, list[tuple[float, float]]] = {}
    memory: dict[str, float] = {}
    for item in found:
        work = float(item.planned.flops) / max(1, item.planned.gpus)
        points.setdefault(item.rule, []).append((work, float(item.measured["seconds"])))
        if item.measured.get("processes", 1) == 1 and item.planned.gpus < 2:
            share = item.measured["peak_memory_bytes"] / item.planned.host_bytes
            memory[item.rule] = max(share, memory.get(item.rule, 0.0))
    rates = {}
    for rule, of in points.items():
        most = max(work for work, _ in of) or 1.0  # FLOPs beside a column of ones: in units of the largest job
        (start, slope), _ = nnls([[1.0, work / most] for work, _ in of], [seconds for _, seconds in of])
        rates[rule] = Rate(float(start), float(most / slope) if slope else 0.0, memory.get(rule, 0.0))
    return rates


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
