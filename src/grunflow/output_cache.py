"""What a study would find in the cache that workflows share (snakemake --cache, SNAKEMAKE_OUTPUT_CACHE).

Snakemake finds an entry by a hash of a job's provenance. Here the manifests in the cache are asked: one fits a job that has
its spec, code and files, and inputs that are what lies in the study's folder or fits in its turn. An environment, which
Snakemake hashes too, is not looked at.
"""

import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from grunflow.config.job import Job
from grunflow.config.study import Resolved
from grunflow.errors import BadInput
from grunflow.manifest import MADE_FROM, MANIFEST, digest_of, identity, read_manifest, sha256

VARIABLE = "SNAKEMAKE_OUTPUT_CACHE"
GIB = 2**30


def check_room(study: Resolved, jobs: list[Job], rules: Iterable[str]) -> None:
    """Refuse a cache that would not take what is still to be made: Snakemake deletes an output that it cannot move there, at the
    end of its job.

    Args:
        rules: those whose outputs go into the cache.

    Raises:
        BadInput: no folder, no right to write, or less room than the plan's size of what is neither done nor in it.
    """
    from grunflow.costs.stages import cost
    from grunflow.reruns import done_folders

    place = check_place()
    if place is None:
        return
    done = done_folders(jobs)
    there, kept = done | cached_folders(jobs, done), set(rules)
    needed = sum(cost(study, job.spec).disk_bytes for job in jobs if job.rule in kept and job.folder not in there)
    free = shutil.disk_usage(place).free
    if needed > free:
        raise BadInput(
            f"{VARIABLE}: {place} has {free / GIB:.1f} GiB free, and what is still to be made takes {needed / GIB:.1f} GiB by "
            "`grunflow plan`; free some, name another folder, or leave --cache out."
        )


def check_place() -> Path | None:
    """The cache's folder, which may be written to; None without a cache, or for one that is no folder of this machine.

    Raises:
        BadInput: there is none, or nothing can be written there.
    """
    named = os.environ.get(VARIABLE)
    if not named or "://" in named:
        return None
    place = Path(named)
    if not place.is_dir():
        raise BadInput(f"{VARIABLE}: {place} is no folder; make it, or name another.")
    try:
        with tempfile.TemporaryFile(dir=place) as probe:
            probe.write(b"0")
    except OSError as error:
        raise BadInput(
            f"{VARIABLE}: nothing can be written to {place} ({error.strerror}); mend that, name another folder, or leave --cache out."
        ) from None
    return place


def cached_folders(jobs: Iterable[Job], done: set[str]) -> set[str]:
    """Folders of those jobs (each after its inputs') that are not `done` and would be restored; none without a cache."""
    place = os.environ.get(VARIABLE)
    entries = _entries(Path(place)) if place else {}
    held: dict[str, str] = {}  # folder -> identity of what it holds or would be given
    cached = set()
    for job in jobs if entries else ():
        if job.folder in done:
            held[job.folder] = identity(read_manifest(Path(job.folder)))
            continue
        wanted = None if job.discarded else _wanted(job, held)  # rules that discard cache nothing
        if wanted in entries:
            held[job.folder] = entries[wanted]
            cached.add(job.folder)
    return cached


def _entries(cache: Path) -> dict[str, str]:
    """Digest of what a finished entry was made from -> its identity."""
    found = {}
    for path in cache.glob(f"*/{MANIFEST}"):
        try:
            manifest = read_manifest(path.parent)
            found[digest_of([*(manifest[key] for key in MADE_FROM if key != "files"), _data(manifest["files"])])] = (
                identity(manifest)
            )
        except (BadInput, OSError, KeyError, TypeError, AttributeError):  # another workflow's, or on its way in or out
            continue
    return found


def _data(files: dict[str, str]) -> dict[str, str]:
    """The files without methods of the user's own: of those the spec holds what counts, and a comment changes nothing."""
    return {file: checksum for file, checksum in files.items() if not file.endswith(".py")}


def _wanted(job: Job, held: dict[str, str]) -> str | None:
    """The same digest of what the job would be made from; None where an input or a file is not there."""
    try:
        inputs = {name: {folder: held[folder] for folder in folders} for name, folders in job.inputs.items()}
        files = {file: sha256(Path(file)) for file in job.files}
    except (KeyError, OSError):
        return None
    return digest_of([job.spec.model_dump(mode="json"), job.code, inputs, files])
