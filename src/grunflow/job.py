"""The job that this process runs: what identifies it, where its resume state lies, how far it is.

Everything lies in `.resume/<digest>/` of the working directory, outside the declared outputs, which Snakemake deletes
when a job fails. The digest is of what decides the result: stage, spec, code and the inputs' manifests.
"""

import hashlib
import json
import logging
import os
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)
RESUME = Path(".resume")
IDENTITY, HEARTBEAT = "job.json", "heartbeat.json"
FINISHED = "finished"
CACHE = "SNAKEMAKE_OUTPUT_CACHE"
HEARTBEAT_SECONDS = 1.0
CHECKPOINT_SECONDS = 600.0  # between two of a training, where nobody says otherwise
# What must be equal for resume state to be used.
DECISIVE = ("stage", "spec", "code", "inputs")


def write_atomically(path: Path, text: str) -> None:
    """Whoever reads `path` finds the old text or the new one, never a part."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text)
    draft.replace(path)


def settle() -> None:
    """Let go of second copies of outputs that lie whole where they belong."""
    for kept in RESUME.glob(f"*/{FINISHED}"):
        known = read_object(kept.parent / IDENTITY) or {}
        place = Path(known.get("out", "")) / "manifest.json"
        if known and place.is_file() and place.read_bytes() == (kept / "manifest.json").read_bytes():
            shutil.rmtree(kept.parent, ignore_errors=True)


def read_object(path: Path) -> dict[str, Any] | None:
    """What a JSON file of a job holds; None where it has just gone, or was cut short by the end of a process or disk."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


@dataclass
class RunningJob:
    """One run of a stage.

    Args:
        identity: the DECISIVE keys, and `out`.
        checkpoint_seconds: how often training writes a checkpoint.
        lead: whether this process writes; of several that share a job the first.
    """

    identity: dict[str, Any]
    checkpoint_seconds: float = CHECKPOINT_SECONDS
    lead: bool = True
    earlier_seconds: float = 0.0  # of the processes that were interrupted, up to the checkpoint
    earlier_cpu_seconds: float = 0.0
    resumed_at_steps: list[int] = field(default_factory=list)
    started: float = field(default_factory=time.time)
    beaten: float = 0.0
    label: str = ""  # of the last heartbeat
    mute: bool = False  # a heartbeat could not be written, and that was said

    @property
    def folder(self) -> Path:
        decisive = {key: self.identity[key] for key in DECISIVE}
        text = json.dumps(decisive, sort_keys=True)
        return RESUME / hashlib.sha256(text.encode()).hexdigest()[:16]

    def begin(self) -> None:
        """Say which resume state of the same output is of no use to this job; remove what only looks like its own."""
        if not self.lead:
            return
        settle()
        for path in sorted(RESUME.glob(f"*/{IDENTITY}")):
            other = read_object(path)
            if other is None:
                continue
            differing = [key for key in DECISIVE if other.get(key) != self.identity[key]]
            if differing and path.parent == self.folder:
                log.warning("resume state in %s is another job's: removed", path.parent)
                shutil.rmtree(path.parent)
            elif differing and other.get("out") == self.identity["out"]:
                log.warning(
                    "resume state in %s ignored: made with another %s; delete it once you no longer want it",
                    path.parent,
                    " and ".join(differing),
                )

    def make_folder(self) -> None:
        if not (self.folder / IDENTITY).exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomically(self.folder / IDENTITY, json.dumps(self.identity, indent=1, sort_keys=True))

    def beat(self, label: str, step: int, total: int, first: int) -> None:
        """Write the heartbeat, at most once a second and where something else has begun: what `grunflow status` reads. first: the step it
        went on from."""
        now = time.time()
        if not self.lead or (label == self.label and now - self.beaten < HEARTBEAT_SECONDS):
            return
        self.beaten, self.label = now, label
        heartbeat = {
            "stage": self.identity["stage"], "out": self.identity["out"], "label": label, "step": step, "total": total, "first": first,
            "started": self.started, "updated": now, "host": socket.gethostname(), "pid": os.getpid(),
            "slurm_job_id": os.environ.get("SLURM_JOB_ID"),
        }  # fmt: skip
        try:
            self.make_folder()
            write_atomically(self.folder / HEARTBEAT, json.dumps(heartbeat))
        except OSError as error:  # a full or failing disk: nobody sees how far it is, which ends no training
            if not self.mute:
                log.warning("no heartbeat: %s", error)
            self.mute = True

    def seconds(self) -> tuple[float, float]:
        """Wall and CPU seconds of the job so far, earlier processes included."""
        return self.earlier_seconds + time.time() - self.started, self.earlier_cpu_seconds + time.process_time()

    def measures(self) -> dict[str, Any]:
        """What the manifest of a job that was resumed says of that: at which steps, and the seconds of all its processes."""
        if not self.resumed_at_steps:
            return {}
        wall, cpu = self.seconds()
        return {"resumed_at_steps": self.resumed_at_steps, "seconds": round(wall, 3), "cpu_seconds": round(cpu, 3)}

    def end(self, out: Path | None = None) -> None:
        """After success nothing of the resume state stays; but where Snakemake is about to move `out` into a shared cache, and
        deletes it if that fails, links to its files do, until somebody sees it whole (`settle`)."""
        if not self.lead:
            return
        kept = self.folder.with_name(f".{self.folder.name}.{os.getpid()}")
        if out and os.environ.get(CACHE):
            try:
                shutil.copytree(out, kept, copy_function=os.link)
            except OSError as error:  # another file system, or one without links
                log.info("no second copy of %s: %s", out, error)
                shutil.rmtree(kept, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        if kept.is_dir():
            self.make_folder()
            kept.rename(self.folder / FINISHED)

    def put_back(self, out: Path) -> bool:
        """Whether this very job was finished before and its output could be put in place again from the links to it."""
        kept = self.folder / FINISHED
        if not (kept / "manifest.json").is_file() or out.is_symlink() or out.exists():
            return False
        for place in (kept, *kept.rglob("*")):
            if place.is_file() and place.name != "manifest.json":
                place.touch()
        out.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(kept, out, copy_function=os.link)
        log.info("%s: finished before, and lost on its way into the cache: put back from %s", out, kept)
        return True


_current: RunningJob | None = None


def current() -> RunningJob | None:
    """The job of this process; None in a library call or a test of a part."""
    return _current


@contextmanager
def running(job: RunningJob) -> Iterator[RunningJob]:
    """`job` is the current one inside the block. Its resume state outlives a block that ends in an exception."""
    global _current
    job.begin()
    _current = job
    try:
        yield job
    finally:
        _current = None
