"""Which jobs of a study would run again, and why: its jobs held against the manifests that lie there."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grunflow.config.digest import module_digests, stage_digest
from grunflow.config.jobs import Job, all_jobs
from grunflow.config.names import FILES_DECLARED
from grunflow.config.study import Study
from grunflow.errors import BadInput
from grunflow.manifest import identity, read_manifest, sha256


@dataclass(frozen=True)
class Rerun:
    """seconds: wall time of the job's last run, or the mean of its rule's; None where no job of the rule ever ran."""

    job: Job
    reasons: tuple[str, ...]
    seconds: float | None
    gpu_seconds: float


def reruns(study: Study) -> list[Rerun]:
    """The jobs that Snakemake would start, each after those it waits for."""
    jobs = all_jobs(study)
    made = {job.folder: manifest for job in jobs if (manifest := _manifest(Path(job.folder)))}
    of_rule: dict[str, list[dict[str, Any]]] = {}
    for job in jobs:
        if job.folder in made:
            of_rule.setdefault(job.rule, []).append(made[job.folder])
    found: dict[str, Rerun] = {}
    for job in jobs:
        peers = of_rule.get(job.rule, [])
        own = made.get(job.folder)
        waits = {found[name].job.rule for names in job.inputs.values() for name in names if name in found}
        reasons = list(_changes(job, own, made) if own else [_never_made(job, peers)])
        if waits and (own or not peers):
            reasons.append(f"follows from {', '.join(sorted(waits))}")
        if reasons:
            found[job.folder] = Rerun(job, tuple(reasons), *_cost([own] if own else peers))
    reader = {folder: item.job.rule for item in found.values() for folder in item.job.inputs.get("model", ())}
    for job in jobs:
        if job.discarded in reader and job.folder not in found and is_gone(job):
            reason = f"{reader[job.discarded]} runs again, and its carrier was discarded"
            found[job.folder] = Rerun(job, (reason,), *_cost([made[job.folder]]))
    return [found[job.folder] for job in jobs if job.folder in found]


def is_gone(job: Job) -> bool:
    """Whether what the job trained was discarded: who must score it again trains it again."""
    return job.discarded is not None and not Path(job.discarded).exists()


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


def _changes(job: Job, manifest: dict[str, Any], made: dict[str, dict[str, Any]]) -> Iterator[str]:
    """What differs between the job and the manifest of its last run."""
    before, now = flat(manifest["spec"]), flat(job.spec.model_dump(mode="json"))
    for key in sorted(before.keys() | now.keys()):
        if before.get(key) != now.get(key):
            yield _changed(key, before, now)
    if manifest["code"] != stage_digest(job.stage):
        yield from _changed_modules(manifest["modules"], module_digests(job.stage))
    for folders in manifest["inputs"].values():
        for folder, known in folders.items():
            if folder in made and identity(made[folder]) != known:
                yield f"{folder} was made again"
    scored = set(job.inputs.get("model", ())) - set(manifest["inputs"].get("model", ()))
    yield from (f"reads {folder} now" for folder in sorted(scored))
    if bool(job.discarded) != ("--carrier" in manifest["command"]):
        yield "keep: its carrier is to be discarded" if job.discarded else "keep: its carrier is to stay"
    for file, checksum in manifest["files"].items():
        if Path(file).is_file() and sha256(Path(file)) != checksum:
            yield f"{file} changed"
    if job.rule in FILES_DECLARED:
        yield from (f"{name} is missing" for name in manifest["outputs"] if not (Path(job.folder) / name).is_file())


def _changed(key: str, before: dict[str, Any], now: dict[str, Any]) -> str:
    if key not in before:
        return f"{key} {now[key]} is new"
    if key not in now:
        return f"{key} is gone"
    return f"{key} {before[key]} -> {now[key]}"


def _changed_modules(before: dict[str, str], now: dict[str, str]) -> Iterator[str]:
    for module in sorted(before.keys() | now.keys()):
        if before.get(module) != now.get(module):
            what = "is new" if module not in before else "is no longer used" if module not in now else "changed"
            yield f"{module.removeprefix('grunflow.').replace('.', '/')}.py {what}"


def _never_made(job: Job, peers: list[dict[str, Any]]) -> str:
    """What no finished job of the rule has: a seed, a model, an objective."""
    if not peers:
        return "never ran"
    known = [flat(manifest["spec"]) for manifest in peers]
    fresh = [
        f"{key} {value}"
        for key, value in flat(job.spec.model_dump(mode="json")).items()
        if all(spec.get(key) != value for spec in known)
    ]
    return f"{', '.join(fresh[:3])} is new" if fresh else f"{job.folder} is missing"


def flat(value: Any, prefix: str = "") -> dict[str, Any]:
    """A spec's leaves by their dotted keys; a list is a leaf unless it holds mappings, whose count then says enough."""
    if isinstance(value, dict):
        return {key: leaf for name, item in value.items() for key, leaf in flat(item, f"{prefix}{name}.").items()}
    key = prefix.removesuffix(".")
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return {f"{key}.{_named(item)}": "listed" for item in value}
    return {key: value}


def _named(item: dict[str, Any]) -> str:
    return str(item.get("run") or item.get("name") or item)
