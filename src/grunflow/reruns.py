"""Which jobs of a study would run again, and why: its jobs held against the manifests that lie there."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from grunflow.config import specs
from grunflow.config.digest import module_digests
from grunflow.config.jobs import Job, all_jobs
from grunflow.config.study import Resolved
from grunflow.errors import BadInput
from grunflow.manifest import identity, read_manifest, sha256

RESTORED = ("start", "model")  # inputs from which a trained model is restored


@dataclass(frozen=True)
class Rerun:
    """seconds: wall time of the job's last run, or the mean of its rule's; None where no job of the rule ever ran."""

    job: Job
    reasons: tuple[str, ...]
    seconds: float | None
    gpu_seconds: float


def declares_files() -> set[str]:
    """Stages whose rules declare files in the folder that they write, and not the folder: one for each of the spec's names."""
    return {stage for stage, kind in specs.stages().items() if "names" in kind.model_fields}


def reruns(study: Resolved) -> list[Rerun]:
    """The jobs that Snakemake would start, each after those it waits for."""
    return reruns_of(all_jobs(study))


def reruns_of(jobs: list[Job]) -> list[Rerun]:
    """The same of jobs, each after those whose folders it reads."""
    past = Past(jobs)
    found: dict[str, Rerun] = {}
    for job in jobs:
        peers = past.of_rule.get(job.rule)
        own = past.made.get(job.folder)
        waits = {found[name].job.rule for names in job.inputs.values() for name in names if name in found}
        reasons = list(_changes(job, own, past) if own else [_never_made(job, peers)])
        if waits and (own or not peers):
            reasons.append(f"follows from {', '.join(sorted(waits))}")
        if reasons:
            found[job.folder] = Rerun(
                job, tuple(reasons), *(_cost([own]) if own else peers.cost if peers else _cost([]))
            )
    for job, reader in gone(jobs, found):
        reason = f"{reader.rule} runs again, and its carrier was discarded"
        found[job.folder] = Rerun(job, (reason,), *_cost([past.made[job.folder]]))
    return [found[job.folder] for job in jobs if job.folder in found]


def gone(jobs: list[Job], wanted: dict[str, Any] | set[str]) -> Iterator[tuple[Job, Job]]:
    """Jobs outside `wanted` (folders of jobs that are to run) whose carrier was discarded and is read again, each with its
    reader: who must score it again trains it again, and what it started from before."""
    readers: dict[str, Job] = {}
    for job in reversed(jobs):
        lost = job.folder not in wanted and job.discarded in readers and not Path(str(job.discarded)).exists()
        if lost:
            yield job, readers[str(job.discarded)]
        if lost or job.folder in wanted:
            readers |= {folder: job for name in RESTORED for folder in job.inputs.get(name, ())}


class Peers:
    """The finished jobs of one rule."""

    def __init__(self, manifests: list[dict[str, Any]]) -> None:
        self.manifests = manifests

    @cached_property
    def cost(self) -> tuple[float | None, float]:
        return _cost(self.manifests)

    @cached_property
    def leaves(self) -> set[tuple[str, str]]:
        """Every key with every value that one of their specs has."""
        return {(key, _text(value)) for manifest in self.manifests for key, value in flat(manifest["spec"]).items()}


class Past:
    """What lies there: each manifest, checksum and identity is read once."""

    def __init__(self, jobs: list[Job]) -> None:
        self.made = {job.folder: manifest for job in jobs if (manifest := _manifest(Path(job.folder)))}
        rules: dict[str, list[dict[str, Any]]] = {}
        for job in jobs:
            if job.folder in self.made:
                rules.setdefault(job.rule, []).append(self.made[job.folder])
        self.of_rule = {rule: Peers(manifests) for rule, manifests in rules.items()}
        self.identity = cache(lambda folder: identity(self.made[folder]))
        self.checksum = cache(lambda file: sha256(Path(file)) if Path(file).is_file() else None)
        self.declares_files = declares_files()


def _manifest(folder: Path) -> dict[str, Any] | None:
    try:
        return read_manifest(folder)
    except BadInput:
        return None


def _cost(manifests: list[dict[str, Any]]) -> tuple[float | None, float]:
    if not manifests:
        return None, 0.0
    measured = [manifest["measured"] for manifest in manifests]
    return (
        sum(item["seconds"] for item in measured) / len(measured),
        sum(item.get("gpu_seconds", 0.0) for item in measured) / len(measured),
    )


def _changes(job: Job, manifest: dict[str, Any], past: Past) -> Iterator[str]:
    """What differs between the job and the manifest of its last run."""
    changed = list(_changed_spec(manifest["spec"], job.spec.model_dump(mode="json")))
    yield from changed
    if manifest["code"] != job.code:
        yield from _changed_modules(manifest["modules"], module_digests(job.spec, job.methods))
    for folders in manifest["inputs"].values():
        for folder, known in folders.items():
            if folder in past.made and past.identity(folder) != known:
                yield f"{folder} was made again"
    if not changed:  # else the spec says it already
        for name, now in job.inputs.items():
            before = manifest["inputs"].get(name, {})
            yield from (f"reads {folder} now" for folder in sorted(now) if folder not in before)
    if bool(job.discarded) != ("--carrier" in manifest["command"]):
        yield "keep: its carrier is to be discarded" if job.discarded else "keep: its carrier is to stay"
    for file, checksum in manifest["files"].items():
        # Of a method's file the spec holds what counts.
        if file not in job.methods and past.checksum(file) not in (None, checksum):
            yield f"{file} changed"
    if job.stage in past.declares_files:
        yield from (f"{name} is missing" for name in manifest["outputs"] if not (Path(job.folder) / name).is_file())


def _changed_spec(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    before, now = flat(old), flat(new)
    for key in sorted(before.keys() | now.keys()):
        if key not in before:
            yield f"{_told(key, now[key])} is new"
        elif key not in now:
            yield f"{key} is gone"
        elif isinstance(before[key], dict) and isinstance(now[key], dict):
            yield from (f"{key}.{text}" for text in _changed_spec(before[key], now[key]))
        elif before[key] != now[key]:
            yield f"{key} {before[key]} -> {now[key]}"
    if before == now and old != new:
        yield "the order of a list changed"


def _told(key: str, value: Any) -> str:
    return key if isinstance(value, dict) else f"{key} {value}"


def _changed_modules(before: dict[str, str], now: dict[str, str]) -> Iterator[str]:
    for module in sorted(before.keys() | now.keys()):
        if before.get(module) != now.get(module):
            what = "is new" if module not in before else "is no longer used" if module not in now else "changed"
            yield f"{file_of(module)} {what}"


def file_of(module: str) -> str:
    """A module's path in the package; a method of the user's own is named by its file already."""
    return module if module.endswith(".py") else f"{module.removeprefix('grunflow.').replace('.', '/')}.py"


def _never_made(job: Job, peers: Peers | None) -> str:
    """What no finished job of the rule has: a seed, a model, an objective."""
    if peers is None:
        return "never ran"
    leaves = flat(job.spec.model_dump(mode="json")).items()
    fresh = [
        _told(key, value) for key, value in leaves if value is not None and (key, _text(value)) not in peers.leaves
    ]
    return f"{', '.join(fresh[:3])} is new" if fresh else f"{job.folder} is missing"


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def flat(value: Any, prefix: str = "") -> dict[str, Any]:
    """A spec's leaves by their dotted keys. A list is a leaf; of one that holds mappings each of these is, by its name."""
    if isinstance(value, dict):
        return {key: leaf for name, item in value.items() for key, leaf in flat(item, f"{prefix}{name}.").items()}
    key = prefix.removesuffix(".")
    if not (isinstance(value, list) and value and isinstance(value[0], dict)):
        return {key: value}
    found: dict[str, Any] = {}
    for item in value:
        name = f"{key}.{_named(item)}"
        found[name if name not in found else f"{name}#{len(found) + 1}"] = item
    return found


def _named(item: dict[str, Any]) -> str:
    if "run" in item:
        return "/".join(filter(None, (item["run"], item.get("condition"))))
    return str(item.get("name") or item.get("kind") or item)
