"""What a study would find in the cache that workflows share (snakemake --cache, SNAKEMAKE_OUTPUT_CACHE).

Snakemake finds an entry by a hash of a job's provenance. Here the manifests in the cache are asked: one fits a job that has
its spec, code and files, and inputs that are what lies in the study's folder or fits in its turn. An environment, which
Snakemake hashes too, is not looked at.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from grunflow.config.jobs import Job
from grunflow.errors import BadInput
from grunflow.manifest import MADE_FROM, MANIFEST, digest_of, identity, read_manifest, sha256

VARIABLE = "SNAKEMAKE_OUTPUT_CACHE"


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
        wanted = _wanted(job, held)
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
        except (BadInput, OSError, KeyError):  # another workflow's, or on its way in or out
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
