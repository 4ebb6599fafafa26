"""grunflow doctor: whether this machine is fit for a study, and what to do where it is not."""

import argparse
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from grunflow.errors import BadInput, CheckFailed

LOCK = Path("envs/requirements.lock")
PYTHON = (3, 11)
GIB = 2**30
GOOD, NOTE, FAULT = "ok", "note", "fault"


class Finding(NamedTuple):
    """state: ok, note (works, but) or fault (will fail). text: what was found, and what to do."""

    state: str
    what: str
    text: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--configfile", type=Path, help="the study that is to run: memory, disk, hub and GPUs against it"
    )


def run(arguments: argparse.Namespace) -> None:
    """One line per finding.

    Raises:
        CheckFailed: something will fail; says how many.
    """
    study = _study(arguments.configfile) if arguments.configfile else None
    checks: list[Callable[[], Iterator[Finding]]] = [python, lock, torch, programs, cache]
    findings = [finding for check in checks for finding in check()]
    if study is not None:
        findings += [*disk(study), *number_types(study), *hub(study)]
    for finding in findings:
        print(f"{finding.state:5} {finding.what}: {finding.text}")
    faults = sum(finding.state == FAULT for finding in findings)
    if faults:
        raise CheckFailed(f"{faults} of {len(findings)} findings are faults; each line above says what to do.")


def _study(configfile: Path) -> Any:
    from grunflow.config.reading import read_study
    from grunflow.config.typed import read_yaml

    return read_study(read_yaml(str(configfile), "--configfile"))


def python() -> Iterator[Finding]:
    good = sys.version_info[:2] >= PYTHON
    wanted = "" if good else f"; expected {'.'.join(map(str, PYTHON))} or newer: make it anew with python3.11"
    yield Finding(GOOD if good else FAULT, "python", platform.python_version() + wanted)


def lock() -> Iterator[Finding]:
    """Installed versions against the lock file's."""
    if not LOCK.is_file():
        yield Finding(NOTE, "lock", f"no {LOCK} here; run from the repository's root")
        return
    installed = {_plain(item.metadata["Name"]): item.version for item in metadata.distributions()}
    differing = []
    for line in LOCK.read_text().splitlines():
        name, separator, version = line.partition(";")[0].strip().partition("==")
        if not separator or name.startswith(("#", "-")):
            continue
        found = installed.get(_plain(name.partition("[")[0]))
        if found is None or found.partition("+")[0] != version.partition("+")[0]:
            differing.append(f"{name} {found or 'missing'} (lock {version})")
    if differing:
        told = "; ".join(differing[:5]) + ("; ..." if len(differing) > 5 else "")
        yield Finding(NOTE, "lock", f"{len(differing)} packages differ: {told}; numbers may: pip install -r {LOCK}")
    else:
        yield Finding(GOOD, "lock", f"every package is that of {LOCK}")


def _plain(name: str) -> str:
    """A package's name as indexes compare them."""
    return name.lower().replace("_", "-").replace(".", "-")


def torch() -> Iterator[Finding]:
    """torch and what GPUs it sees."""
    try:
        import torch as library
    except (ImportError, OSError) as error:
        yield Finding(FAULT, "torch", f"cannot be imported ({error}); pip install -r {LOCK}")
        return
    if not library.cuda.is_available():
        driver = shutil.which("nvidia-smi")
        told = "; nvidia-smi is here: install a build of torch for its CUDA" if driver else ""
        yield Finding(
            NOTE, "GPU", f"torch {library.__version__} sees none: the demo runs, models of the paper do not{told}"
        )
        return
    for device in range(library.cuda.device_count()):
        about = library.cuda.get_device_properties(device)
        free, total = library.cuda.mem_get_info(device)
        state = GOOD if free > 0.9 * total else NOTE
        told = "" if state == GOOD else ": somebody else is using it"
        yield Finding(state, f"GPU {device}", f"{about.name}, {free / GIB:.0f} of {total / GIB:.0f} GiB free{told}")


def programs() -> Iterator[Finding]:
    if shutil.which("git"):
        yield Finding(GOOD, "git", "found")
    else:
        yield Finding(NOTE, "git", "not found: manifests will not say which commit made a result")
    if shutil.which("sbatch"):
        yield Finding(GOOD, "SLURM", "found; `grunflow preflight` asks it whether it can meet a profile and a study")
    else:
        yield Finding(NOTE, "SLURM", "no sbatch here: jobs run on this machine (workflow/profiles/default)")


def cache() -> Iterator[Finding]:
    """The shared cache of Snakemake, and the hub's."""
    from grunflow.output_cache import check_place

    try:
        place = check_place()
    except BadInput as error:
        yield Finding(FAULT, "cache", str(error))
    else:
        if place:
            yield Finding(GOOD, "cache", f"{place}, {shutil.disk_usage(place).free / GIB:.0f} GiB free")
    home = Path(os.environ.get("HF_HOME", Path.home() / ".cache" / "huggingface"))
    yield _writable(home if home.exists() else _parent(home), "hub's cache", str(home))


def _parent(path: Path) -> Path:
    """The nearest folder above that exists."""
    return next(parent for parent in path.absolute().parents if parent.exists())


def _writable(folder: Path, what: str, told: str) -> Finding:
    if not folder.is_dir():
        return Finding(FAULT, what, f"{told}, which is no folder; make it, or name another")
    if not os.access(folder, os.W_OK):
        return Finding(FAULT, what, f"{told}, which may not be written to; name another")
    return Finding(GOOD, what, f"{told}, {shutil.disk_usage(folder).free / GIB:.0f} GiB free")


def disk(study: Any) -> Iterator[Finding]:
    """Room for what the plan says will be kept, and memory for its largest job on this machine."""
    from grunflow.commands.plan import plan

    found = plan(study)
    bytes_kept = found["totals"]["disk_bytes"]
    memory = max(row["host_bytes"] for row in found["stages"].values())
    free = shutil.disk_usage(Path.cwd()).free
    told = f"the study keeps {bytes_kept / GIB:.1f} GiB, {free / GIB:.0f} GiB are free here"
    if bytes_kept > free:
        yield Finding(FAULT, "disk", f"{told}; free some, or set keep: adapters")
    else:
        yield Finding(GOOD, "disk", told)
    own = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    told = f"the largest job asks {memory / GIB:.1f} GiB, this machine has {own / GIB:.0f} GiB"
    yield (
        Finding(GOOD, "memory", told)
        if memory <= own
        else Finding(NOTE, "memory", f"{told}: run it on a cluster (workflow/profiles/slurm)")
    )


def number_types(study: Any) -> Iterator[Finding]:
    """Of a study on the CPU: whether it computes in bf16 where the study's models do."""
    from grunflow.config.jobs import all_jobs
    from grunflow.config.models import Model
    from grunflow.costs.number_types import bf16_slowdown

    if study.gpu != "none":
        return
    models = [getattr(job.spec, "model", None) for job in all_jobs(study)]
    names = sorted({model.name for model in models if isinstance(model, Model) and model.dtype == "bfloat16"})
    if not names:
        return
    slower = bf16_slowdown()
    told = f"a product in bf16 takes {slower:.1f} times that of float32 on this CPU"
    if slower <= 1:
        yield Finding(GOOD, "bf16", told)
    else:
        yield Finding(NOTE, "bf16", f"{told}: models of dtype float32 in place of {', '.join(names)} are faster here")


def hub(study: Any) -> Iterator[Finding]:
    """Every repository of the study: whether the hub, or its cache, gives it, and what a gated one asks for."""
    from grunflow.commands.prefetch import fetched, needed
    from grunflow.config.pins import repositories

    wanted = repositories(needed(study))
    if not wanted:
        yield Finding(GOOD, "hub", "the study needs nothing from it")
    for repo, (kind, revision) in wanted.items():
        try:
            commit, _ = fetched(repo, kind, revision, "config.json" if kind == "model" else "README.md")
        except BadInput as error:
            yield Finding(FAULT, "hub", str(error))
            continue
        yield Finding(GOOD, "hub", f"{kind} {repo}@{commit[:12]} is to be had")
