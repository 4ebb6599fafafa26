"""Which jobs of a study would run again, and why: its jobs held against the manifests that lie there.

A job starts when what it follows from is no longer what its manifest says. Then everything that was made from it runs again,
and whatever is read and is not there is made first. A folder that is gone is not made again while nobody reads it. The main
process of Snakemake asks the same when it reads the study (workflow/rules/common.smk): both name the same jobs.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from grunflow.changes import Past, flat, told
from grunflow.config.job import Job
from grunflow.config.jobs import all_jobs
from grunflow.config.shown_specs import Claims, Shown
from grunflow.config.study import Resolved
from grunflow.manifest import MANIFEST
from grunflow.provenance import versions


@dataclass(frozen=True)
class Rerun:
    """seconds: wall time of the job's last run, or the mean of its rule's; None where no job of the rule ever ran."""

    job: Job
    reasons: tuple[str, ...]
    seconds: float | None
    gpu_seconds: float


def reruns(study: Resolved) -> list[Rerun]:
    """The jobs that Snakemake would start, each after those it waits for."""
    return reruns_of(all_jobs(study))


def reruns_of(jobs: list[Job], past: Past | None = None) -> list[Rerun]:
    """The same of jobs, each after those whose folders it reads. past: what lies there, where the caller has read it."""
    past = past or Past(jobs)
    own = {job.folder: found for job in jobs if (found := tuple(text for _, text in past.changes(job)))}
    running = past.links.spread([*own, *(job.folder for job in jobs if is_goal(job) and job.folder not in past.made)])
    peers = Peers.of(jobs, past)
    again: list[Rerun] = []
    for job in jobs:
        if job.folder in running:
            reasons = own.get(job.folder) or (_lacks(job, past, peers.get(job.rule)),)
            waits = sorted({maker.rule for maker in past.links.made_before(job) if maker.folder in running})
            if waits and (job.folder in past.made or job.rule not in peers):
                reasons = (*filter(None, reasons), f"follows from {', '.join(waits)}")
            spent = _cost([past.made[job.folder]]) if job.folder in past.made else peers[job.rule].cost if job.rule in peers else (None, 0.0)  # fmt: skip
            again.append(Rerun(job, tuple(filter(None, reasons)), *spent))
    return again


def done_folders(jobs: list[Job]) -> set[str]:
    """Folders of the jobs that are done: they lie there, and would not run again."""
    there = {job.folder for job in jobs if (Path(job.folder) / MANIFEST).is_file()}
    return there - {item.job.folder for item in reruns_of(jobs)} if there else there


def is_goal(job: Job) -> bool:
    """Whether people ask for what it writes: tables, figures, claims, the report."""
    return isinstance(job.spec, Shown | Claims)


def stale(jobs: list[Job]) -> dict[str, tuple[str, ...]]:
    """A file that the job's rule declares -> the changes, of every job that the manifests say is stale.

    What follows from these jobs is not named: who remakes them remakes that too.
    """
    past = Past(jobs)
    return {declared(job): found for job in jobs if (found := tuple(text for _, text in past.changes(job)))}


def stale_lines(study: Resolved) -> list[str]:
    """A sentence for each result that the study no longer describes."""
    return [
        f"{place}: is not what the study says now ({'; '.join(why)})" for place, why in stale(all_jobs(study)).items()
    ]


def other_versions(past: Past) -> dict[str, int]:
    """A sentence per package that decides numbers and has another version here than where results were made -> how many
    results. They stand in no digest: nothing runs again for them."""
    here = versions()
    found: dict[str, int] = {}
    for manifest in past.made.values():
        for package, version in manifest.get("provenance", {}).get("versions", {}).items():
            now = here.get(package)
            if now and version and version != now and package != "grunflow":
                text = f"{package} {version} made them, here is {now}"
                found[text] = found.get(text, 0) + 1
    return found


def declared(job: Job) -> str:
    """What to ask Snakemake for to have the job's folder made."""
    return f"{job.folder}/{MANIFEST}" if "names" in type(job.spec).model_fields else job.folder


class Peers:
    """The finished jobs of one rule."""

    def __init__(self, manifests: list[dict[str, Any]]) -> None:
        self.manifests = manifests

    @classmethod
    def of(cls, jobs: list[Job], past: Past) -> "dict[str, Peers]":
        rules: dict[str, list[dict[str, Any]]] = {}
        for job in jobs:
            if job.folder in past.made:
                rules.setdefault(job.rule, []).append(past.made[job.folder])
        return {rule: cls(manifests) for rule, manifests in rules.items()}

    @cached_property
    def cost(self) -> tuple[float | None, float]:
        return _cost(self.manifests)

    @cached_property
    def leaves(self) -> set[tuple[str, str]]:
        """Every key with every value that one of their specs has."""
        return {(key, _text(value)) for manifest in self.manifests for key, value in flat(manifest["spec"]).items()}


def _lacks(job: Job, past: Past, peers: Peers | None) -> str:
    """Why a job runs that is not stale itself: "" where it only follows from others."""
    if job.folder not in past.made:
        return _never_made(job, peers)
    if job.discarded and not Path(job.discarded).exists():
        return "its carrier was discarded, and is read again"
    return ""


def _text(value: Any) -> str:
    """Equal for equal values, whatever the order of keys."""
    return json.dumps(value, sort_keys=True) if isinstance(value, dict | list) else repr(value)


def _never_made(job: Job, peers: Peers | None) -> str:
    """What no finished job of the rule has: a seed, a model, an objective."""
    if peers is None:
        return "never ran"
    leaves = flat(job.spec.model_dump(mode="json")).items()
    fresh = [
        told(key, value) for key, value in leaves if value not in (None, "", [], {}) and (key, _text(value)) not in peers.leaves
    ]  # fmt: skip
    return f"{', '.join(fresh[:3])} is new" if fresh else f"{job.folder} is missing"


def _cost(manifests: list[dict[str, Any]]) -> tuple[float | None, float]:
    measured = [manifest["measured"] for manifest in manifests]
    return (
        sum(item["seconds"] for item in measured) / len(measured),
        sum(item.get("gpu_seconds", 0.0) for item in measured) / len(measured),
    )
