"""Output folders that are either whole or absent, with a manifest that says where they came from."""

import glob
import hashlib
import json
import os
import resource
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from grunflow import hub
from grunflow.errors import BadInput
from grunflow.provenance import gpu_usage, gpus, provenance

MANIFEST = "manifest.json"
# Snakemake drops this into every directory() output.
NOT_OURS = {".snakemake_timestamp", MANIFEST}
MADE_FROM = ("spec", "code", "inputs", "files")  # keys of a manifest that say what its outputs follow from


def sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def checksums(folder: Path) -> dict[str, str]:
    """Relative path -> sha256 of every file of the folder (links followed), manifest left out."""
    walk = os.walk(folder, followlinks=True)
    files = sorted(Path(place, name) for place, _, names in walk for name in names if name not in NOT_OURS)
    return {path.relative_to(folder).as_posix(): sha256(path) for path in files if path.is_file()}


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a finished folder.

    Raises:
        BadInput: no folder, or no manifest: the stage that writes it was killed or never ran.
    """
    path = folder / MANIFEST
    if not path.is_file():
        state = "is unfinished (no manifest.json)" if folder.is_dir() else "does not exist"
        raise BadInput(f"input {folder}: {state}; run the stage that makes it (snakemake does), then this one.")
    try:
        return json.loads(path.read_text())
    except ValueError:
        raise BadInput(f"{path}: not JSON; delete the folder and run snakemake again.") from None


def digest_of(value: Any) -> str:
    """sha256 over the value as JSON, keys sorted."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def identities_of(inputs: dict[str, list[Path]]) -> dict[str, dict[str, str]]:
    """Name -> folder -> identity of what it holds."""
    return {
        name: {str(folder): identity(read_manifest(folder)) for folder in folders} for name, folders in inputs.items()
    }


def identity(manifest: dict[str, Any]) -> str:
    """What the folder holds, whenever, wherever and however fast it was made: it names an input in the manifests of those
    who read it, and stays the same when a stage is rebuilt with the same bytes."""
    return digest_of({key: manifest[key] for key in (*MADE_FROM, "outputs")})


def origin(spec: dict[str, Any], code: str, files: Mapping[str, str | None], inputs: dict[str, dict[str, str]]) -> str:
    """What a result follows from, all the way down: its spec, code and data, and the origins of what it reads (name -> folder ->
    origin). It follows from a study alone, so that a result can be held against it though what it was made from is gone.
    Of a method of the user's own the spec holds what counts."""
    data = {name: checksum for name, checksum in files.items() if not name.endswith(".py")}
    return digest_of([spec, code, data, inputs])


def origins_of(inputs: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """Name -> folder -> origin, of finished folders."""
    return {name: {folder: read_manifest(Path(folder))["origin"] for folder in of} for name, of in inputs.items()}


def seeds_of(spec: dict[str, Any], prefix: str = "") -> dict[str, int]:
    """Every seed of a spec by its key, as unlearn_seed or world.seed."""
    found: dict[str, int] = {}
    for key, value in spec.items():
        if isinstance(value, dict):
            found |= seeds_of(value, f"{prefix}{key}.")
        elif key == "seed" or key.endswith("_seed"):
            found[prefix + key] = value
    return found


def finished_folders(folder: Path, *aside: str) -> Iterator[Path]:
    """Folders with a manifest at or below `folder`, through links, which a restored cache is made of; no drafts. aside: folders right
    below it that are left out."""
    for place, below, files in os.walk(folder, followlinks=True):
        below[:] = sorted(
            name for name in below if ".draft-" not in name and (Path(place) != folder or name not in aside)
        )
        if MANIFEST in files:
            below.clear()
            yield Path(place)


@contextmanager
def output_folder(
    out: Path,
    *,
    spec: dict[str, Any],
    code: str,
    inputs: dict[str, dict[str, str]],
    files: Iterable[Path] = (),
    modules: dict[str, str] | None = None,
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Write into a folder beside `out`, which takes its place only when the block ended well. inputs: as of identities_of.

    Yields the folder to write into, and a dict of measurements that goes into the manifest.
    Files are moved one by one, the manifest last: whoever finds a manifest finds the whole.
    """
    measured: dict[str, Any] = {}
    known = {str(file): sha256(file) for file in files}  # of the start, as commit and versions are
    commits = hub.agreed((place, read_manifest(Path(place))) for named in inputs.values() for place in named)
    made_at = provenance()
    begun = origin(spec, code, known, origins_of(inputs))
    draft = _new_draft(out)
    started, cpu_started = time.time(), time.process_time()
    try:
        with hub.holding(commits):
            yield draft, measured
        seconds = time.time() - started
        _refuse_changed(known)
        _open_to_others(draft)
        manifest = {
            "spec": spec,
            "seeds": seeds_of(spec),
            "code": code,
            "modules": modules or {},
            "inputs": inputs,
            "origin": begun,
            "files": known,
            "commits": commits,
            "outputs": checksums(draft),
            "measured": _measured(seconds, time.process_time() - cpu_started, measured),
            "provenance": {**made_at, **gpus()},
            "command": [Path(sys.argv[0]).name, *sys.argv[1:]],  # whose environment it was is nobody's affair
        }
        manifest["checksum"] = digest_of(manifest)
        (draft / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True))
        _replace(draft, out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _measured(seconds: float, cpu_seconds: float, own: dict[str, Any]) -> dict[str, Any]:
    """What every stage took, and what it measured itself: a job that was resumed says how long all its processes took."""
    return {
        "seconds": round(seconds, 3),
        "cpu_seconds": round(cpu_seconds, 3),
        # ru_maxrss is in KiB on Linux.
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        **gpu_usage(own.get("seconds", seconds) * own.get("nodes", 1)),  # each has as many GPUs as this one
        **own,
    }


def _new_draft(out: Path) -> Path:
    """A folder to write into, named by machine and process. Those of killed processes go: only one job at a time writes `out`,
    so that of another machine's nothing lives; of this one's a process may."""
    host = socket.gethostname()
    for other in out.parent.glob(f".{glob.escape(out.name)}.draft-*"):
        machine, _, number = other.name.rpartition(".draft-")[2].rpartition("-")
        if machine != host or not Path("/proc", number).exists() or number == str(os.getpid()):
            shutil.rmtree(other, ignore_errors=True)
    draft = out.parent / f".{out.name}.draft-{host}-{os.getpid()}"
    draft.mkdir(parents=True)
    return draft


def _refuse_changed(known: dict[str, str]) -> None:
    """Raises BadInput where data changed while the stage ran: nobody knows which of the two it read."""
    for file, checksum in known.items():
        if not file.endswith(".py") and (not Path(file).is_file() or sha256(Path(file)) != checksum):
            raise BadInput(f"{file}: changed while the stage ran; run it again.")


def _open_to_others(folder: Path) -> None:
    """Files as readable as the umask says: safetensors makes its own for their owner alone, and a shared cache is no use."""
    mask = os.umask(0)
    os.umask(mask)
    for place, _, names in os.walk(folder):
        for name in names:
            Path(place, name).chmod(0o666 & ~mask)


@contextmanager
def scratch_folder() -> Iterator[tuple[Path, dict[str, Any]]]:
    """In place of an output folder for a process that shares a job and writes nothing: gone after the block."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder), {}


def _replace(draft: Path, out: Path) -> None:
    """A link is replaced, never what it leads to: that is a cache which others share."""
    if out.is_symlink():
        out.unlink()
    (out / MANIFEST).unlink(missing_ok=True)
    if out.is_dir() and not any(out.iterdir()):
        out.rmdir()
    if not out.exists():
        draft.rename(out)
        return
    for path in sorted(draft.iterdir(), key=lambda path: path.name == MANIFEST):
        place = out / path.name
        if place.is_symlink():
            place.unlink()
        elif place.is_dir():
            shutil.rmtree(place)
        path.replace(place)
