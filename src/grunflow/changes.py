"""What differs between a job and the manifest of its last run, in words."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from grunflow.config import stages
from grunflow.config.digest import module_digests
from grunflow.config.job import Job
from grunflow.errors import BadInput
from grunflow.links import Links
from grunflow.manifest import identity, origin, read_manifest, sha256

CODE = "code"  # the kind of change that `grunflow accept` accepts


def declares_files() -> set[str]:
    """Stages whose rules declare files in the folder that they write, and not the folder: one for each of the spec's names."""
    return {stage for stage, kind in stages.stages().items() if "names" in kind.model_fields}


class Past:
    """What lies there of a study's jobs: each manifest, checksum and identity is read once."""

    def __init__(self, jobs: list[Job]) -> None:
        found = {job.folder: manifest for job in jobs if (manifest := _manifest(Path(job.folder)))}
        self.made = dict(found)
        self.links = Links(jobs)
        self.origins: dict[str, str] = {}  # of the study's jobs, whatever lies there
        self.identity = cache(lambda folder: identity(found[folder]))  # as it was read
        self.checksum = cache(lambda file: sha256(Path(file)) if Path(file).is_file() else None)
        self.declares_files = declares_files()

    def changes(self, job: Job) -> Iterator[tuple[str, str]]:
        """Kind and words of each difference: spec, code, input, keep, file, lost. Of a job whose folder is not there none, but where
        people still find a copy of what lay in it."""
        manifest = self.made.get(job.folder)
        if manifest is None:
            if Path(job.folder).is_dir():
                yield "lost", f"{job.folder} holds no manifest that can be read"
            elif job.spec.copied and job.copy.is_file():
                yield "lost", f"{job.folder} is gone, and nobody knows what made {job.copy}"
            return
        spec = job.spec.model_dump(mode="json")
        changed = list(changed_spec(manifest["spec"], spec)) if manifest["spec"] != spec else []
        yield from (("spec", text) for text in changed)
        if manifest["code"] != job.code:
            now = module_digests(job.spec, job.methods)
            yield from ((CODE, text) for text in changed_modules(manifest["modules"], now) or ("the code changed",))
        yield from (("input", text) for text in self._changed_inputs(job, manifest, bool(changed)))
        if bool(job.discarded) != ("--carrier" in manifest["command"]):
            yield "keep", "keep: its carrier is to be discarded" if job.discarded else "keep: its carrier is to stay"
        yield from (("file", text) for text in self._changed_files(job, manifest))
        yield from (("lost", f"{name} is missing") for name in self._missing(job, manifest))
        gone = [maker.folder for maker in self.links.made_before(job) if maker.folder not in self.made]
        if gone and manifest["origin"] != self.origin(job):
            yield "input", f"{gone[0]} is gone, and was made otherwise than the study says now"

    def origin(self, job: Job) -> str:
        """As manifest.origin, of what the study says now."""
        if job.folder not in self.origins:
            makers = self.links.makers
            inputs = {
                name: {place: self.origin(makers[place]) for place in places} for name, places in job.inputs.items()
            }
            files = {file: self.checksum(file) for file in job.files}
            self.origins[job.folder] = origin(job.spec.model_dump(mode="json"), job.code, files, inputs)
        return self.origins[job.folder]

    def _changed_inputs(self, job: Job, manifest: dict[str, Any], told: bool) -> Iterator[str]:
        """told: whether the spec's changes say already what is read now."""
        now = {folder for folders in job.inputs.values() for folder in folders}
        for folders in manifest["inputs"].values():
            for folder, known in folders.items():
                if folder in now and folder in self.made and self.identity(folder) != known:
                    yield f"{folder} was made again"
        if not told:
            for name, folders in job.inputs.items():
                before = manifest["inputs"].get(name, {})
                yield from (f"reads {folder} now" for folder in sorted(folders) if folder not in before)
                yield from (f"no longer reads {folder}" for folder in sorted(before) if folder not in folders)

    def _changed_files(self, job: Job, manifest: dict[str, Any]) -> Iterator[str]:
        """Of a method's file the spec holds what counts."""
        known = {file: checksum for file, checksum in manifest["files"].items() if not file.endswith(".py")}
        for file in sorted({*known, *job.files}):
            now = self.checksum(file)
            if file in known and now not in (None, known[file]):
                yield f"{file} changed"
            elif file not in known and now is not None:
                yield f"reads {file} now"

    def _missing(self, job: Job, manifest: dict[str, Any]) -> Iterator[str]:
        """Files that the job's rule declares and that are gone."""
        if job.stage in self.declares_files:
            yield from (name for name in manifest["outputs"] if not (Path(job.folder) / name).is_file())
        if job.spec.copied and not job.copy.is_file():
            yield str(job.copy)


def _manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest, None where there is none that could be a job's record."""
    try:
        manifest = read_manifest(folder)
        identity(manifest)
        return manifest if {"modules", "command", "measured", "origin"} <= manifest.keys() else None
    except (BadInput, KeyError, TypeError, OSError):
        return None


def changed_spec(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    before, now = flat(old), flat(new)
    for key in sorted(before.keys() | now.keys()):
        if key not in before:
            yield f"{told(key, now[key])} is new"
        elif key not in now:
            yield f"{key} is gone"
        elif isinstance(before[key], dict) and isinstance(now[key], dict):
            yield from (f"{key}.{text}" for text in changed_spec(before[key], now[key]))
        elif before[key] != now[key]:
            yield f"{key} {before[key]} -> {now[key]}"
    if before == now and old != new:
        yield "the order of a list changed"


def told(key: str, value: Any) -> str:
    return key if isinstance(value, dict) else f"{key} {value}"


def changed_modules(before: dict[str, str], now: dict[str, str]) -> list[str]:
    found = []
    for module in sorted(before.keys() | now.keys()):
        if before.get(module) != now.get(module):
            what = "is new" if module not in before else "is no longer used" if module not in now else "changed"
            found.append(f"{file_of(module)} {what}")
    return found


def file_of(module: str) -> str:
    """A module's path in the package; a method of the user's own is named by its file already."""
    return module if module.endswith(".py") else f"{module.removeprefix('grunflow.').replace('.', '/')}.py"


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
