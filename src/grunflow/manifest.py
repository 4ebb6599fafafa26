"""Output folders that are either whole or absent, with a manifest that says where they came from."""

import hashlib
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

from grunflow.errors import BadInput

MANIFEST = "manifest.json"
# Snakemake drops this into every directory() output.
NOT_OURS = {".snakemake_timestamp", MANIFEST}
REPORTED_PACKAGES = ("grunflow", "torch", "transformers", "tokenizers", "peft", "numpy", "snakemake")


def sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def checksums(folder: Path) -> dict[str, str]:
    """Relative path -> sha256 of every file of the folder (links followed), manifest left out."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in NOT_OURS)
    return {path.relative_to(folder).as_posix(): sha256(path) for path in files}


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a finished folder.

    Raises:
        BadInput: no folder, or no manifest: the stage that writes it was killed or never ran.
    """
    path = folder / MANIFEST
    if not path.is_file():
        state = "is unfinished (no manifest.json)" if folder.is_dir() else "does not exist"
        raise BadInput(f"input {folder}: {state}; run the stage that makes it (snakemake does), then this one.")
    return json.loads(path.read_text())


def digests_of(inputs: dict[str, list[Path]]) -> dict[str, list[str]]:
    """Name -> sha256 of the manifest of each of its folders."""
    return {name: [sha256(folder / MANIFEST) for folder in folders] for name, folders in inputs.items()}


def _git(*arguments: str) -> str | None:
    here = Path(__file__).parent
    done = subprocess.run(["git", "-C", str(here), *arguments], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def provenance() -> dict[str, Any]:
    """Commit, versions and machine."""
    versions: dict[str, str | None] = {}
    for package in REPORTED_PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = None
    return {
        "git_commit": _git("rev-parse", "HEAD"),
        "git_dirty": bool(_git("status", "--porcelain", "--untracked-files=no")),
        "python": platform.python_version(),
        "versions": versions,
        "machine": platform.machine(),
        "cpu_count": os.cpu_count(),
    }


@contextmanager
def output_folder(
    out: Path, *, spec: dict[str, Any], code: str, inputs: dict[str, list[Path]]
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Write into a folder beside `out`, which takes its place only when the block ended well.

    Yields the folder to write into, and a dict of measurements that goes into the manifest.
    Files are moved one by one, the manifest last: whoever finds a manifest finds the whole.
    """
    measured: dict[str, Any] = {}
    for folders in inputs.values():
        for folder in folders:
            read_manifest(folder)
    draft = out.parent / f".{out.name}.draft-{os.getpid()}"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    started, cpu_started = time.time(), time.process_time()
    try:
        yield draft, measured
        manifest = {
            "spec": spec,
            "code": code,
            "inputs": {
                name: dict(zip(map(str, inputs[name]), digests, strict=True))
                for name, digests in digests_of(inputs).items()
            },
            "outputs": checksums(draft),
            "measured": {
                "seconds": round(time.time() - started, 3),
                "cpu_seconds": round(time.process_time() - cpu_started, 3),
                # ru_maxrss is in KiB on Linux.
                "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
                **measured,
            },
            "provenance": provenance(),
            "command": sys.argv,
        }
        (draft / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True))
        _replace(draft, out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _replace(draft: Path, out: Path) -> None:
    (out / MANIFEST).unlink(missing_ok=True)
    if out.is_dir() and not any(out.iterdir()):
        out.rmdir()
    if not out.exists():
        draft.rename(out)
        return
    for path in sorted(draft.iterdir(), key=lambda path: path.name == MANIFEST):
        place = out / path.name
        if place.is_dir():
            shutil.rmtree(place)
        path.replace(place)
