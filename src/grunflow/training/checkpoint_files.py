"""Checkpoints as folders of a job's resume state: written whole or not at all, and found again where no byte of them changed.

Where the model lies on a GPU they are written while training goes on: its step waits for the copy in the host's memory alone, where
that has room. On a CPU the copy would be a second model in the memory that training uses, and its cores are those that compute.
"""

import io
import json
import logging
import os
import shutil
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.staging import DefaultStager, StagingOptions
from torch.distributed.tensor import DTensor

from grunflow import host_memory
from grunflow.job import RunningJob
from grunflow.manifest import checksums, sha256
from grunflow.models import sharding

log = logging.getLogger(__name__)
ON_DISK = ("file write failed", "unexpected pos")  # torch's own words for a disk that took not all
RECORD, SUMS = "record.pt", "checksums.json"
HOST_SHARE = 0.8  # of the host's free memory that copies may take


def beside_training() -> bool:
    """Whether a checkpoint is written while the next steps are taken."""
    return sharding.device().type == "cuda"


class Writer:
    """Writes checkpoints of `job`, one at a time; only the newest is kept.

    With several processes each writes its shards, and the first makes the folder whole. Beside training they meet in a group of their
    own: messages of two threads in one would be taken for each other's.
    """

    def __init__(self, job: RunningJob) -> None:
        self.job = job
        self.thread = ThreadPoolExecutor(1, "checkpoint") if beside_training() else None
        apart = self.thread is not None and dist.is_initialized()
        self.group = dist.new_group(backend="gloo", timeout=sharding.PATIENCE) if apart else None
        self.running: Future[str] | None = None
        self.fault = ""

    def begin(self, done: int, state: dict[str, Any], record: dict[str, Any], going_on: bool) -> None:
        """Write what is trained (`state`, sharded) and the rest of what the next step depends on (`record`). going_on: whether further
        steps are taken, which need their memory, or none before this is written."""
        self.end()
        started = time.monotonic()
        whole = io.BytesIO()
        torch.save(record, whole)  # now: lists in it grow with every step
        if self.thread is None or not going_on or not _has_room(state):
            self.fault = self._tried(done, state, whole.getvalue(), started)
            return
        copied = _in_host_memory(state)
        log.info("checkpoint after step %d: training waited %.2f s", done, time.monotonic() - started)
        self.running = self.thread.submit(self._tried, done, copied, whole.getvalue(), started)

    def is_writing(self) -> bool:
        """Whether any process of the job is: the first is done last."""
        own = self.running is not None and not self.running.done()
        return self.thread is not None and sharding.largest(int(own)) > 0

    def wait(self) -> None:
        """Until nothing is being written. A write that failed is told, not raised: nobody needs it where training has ended, and where it
        failed that is to be heard."""
        try:
            self.end()
        except Exception:
            log.exception("the last checkpoint was not written")

    def end(self) -> str:
        """Wait until the last one is written; what the disk said where it could not be, else nothing."""
        if self.running is not None:
            running, self.running = self.running, None
            self.fault = running.result()
        return self.fault

    def _tried(self, done: int, state: dict[str, Any], record: bytes, started: float) -> str:
        """A full or failing disk ends no training: what went wrong, the older checkpoint stays."""
        draft = self.job.folder / f".draft-{done:09d}"
        try:
            self._write(done, state, record, draft)
        except (OSError, RuntimeError, CheckpointException) as error:
            fault = _fault_of_disk(error)
            if sharding.count() > 1 or not fault:
                raise
            shutil.rmtree(draft, ignore_errors=True)
            log.warning("no checkpoint after step %d: %s; training goes on", done, fault)
            return fault
        log.info("checkpoint after step %d: %.2f s", done, time.monotonic() - started)
        return ""

    def _write(self, done: int, state: dict[str, Any], record: bytes, draft: Path) -> None:
        """A new folder takes its place whole; then the older ones go."""
        if self.job.lead:
            self.job.make_folder()
        # Nothing is copied ahead from a GPU: for that a thread would wait for training's own kernels, and take the first GPU for its own.
        disk = dcp.FileSystemWriter(draft, per_thread_copy_ahead=0)
        dcp.save(state, storage_writer=disk, process_group=self.group, no_dist=not dist.is_initialized())
        if self.job.lead:
            (draft / RECORD).write_bytes(record)
            (draft / SUMS).write_text(json.dumps(checksums(draft)))
            place = self.job.folder / f"step-{done:09d}"
            _settle(draft, place)
            for other in self.job.folder.glob("step-*"):
                if other != place:
                    _let_go(other)


def _let_go(older: Path) -> None:
    """What a disk does not let go stays: the newest is read, whatever lies beside it."""
    try:
        shutil.rmtree(older)
    except OSError as error:
        log.warning("%s: an older checkpoint that could not be removed (%s)", older, error.strerror)


def newest_whole(job: RunningJob) -> Path | None:
    """The newest checkpoint; by the process that writes after what is no checkpoint, or is damaged, was put out of the way: what a
    disk or a copy changed would give other weights in silence."""
    if job.lead:
        for draft in job.folder.glob(".draft-*"):  # of a process that was killed
            shutil.rmtree(draft)
        for place in sorted(job.folder.glob("step-*"), reverse=True):
            if _is_whole(place):
                break
            aside = place.with_name(f"damaged-{place.name}-{time.time_ns()}")
            place.rename(aside)
            log.warning(
                "%s: differs from its checksums, set aside as %s; going on from an older one, or from the start",
                place,
                aside.name,
            )
    sharding.wait()
    return max(job.folder.glob("step-*"), default=None)


def _has_room(state: dict[str, Any]) -> bool:
    """Whether every machine can hold a copy of it beside those of the other processes there; else training waits for the disk."""
    needed = int(os.environ.get("LOCAL_WORLD_SIZE", "1")) * _bytes_here(state)
    free = host_memory.free()
    lacks = needed > HOST_SHARE * free
    if lacks:
        log.info("training waits for the checkpoint: a copy takes %d MiB, %d are free", needed >> 20, free >> 20)
    return not sharding.largest(int(lacks))


def _bytes_here(state: Any) -> int:
    """Of the tensors in it, or of this process's shards of them."""
    if isinstance(state, dict | list):
        return sum(map(_bytes_here, state.values() if isinstance(state, dict) else state))
    if isinstance(state, DTensor):
        return state.to_local().nbytes
    return state.nbytes if isinstance(state, torch.Tensor) else 0


def _in_host_memory(state: dict[str, Any]) -> dict[str, Any]:
    """A copy that no later step changes; only the storages behind it are new, shards stay shards."""
    stager = DefaultStager(StagingOptions(False, False, False, False))
    try:
        copied = stager.stage(state)
    finally:
        stager.close()
    assert isinstance(copied, dict), "staging in this thread gives no future"
    return copied


def _fault_of_disk(error: BaseException) -> str:
    """What the file system said; "" where it is not at fault. dcp gathers what its processes raised, torch.save only says it."""
    inner = [failure for failure, _ in error.failures.values()] if isinstance(error, CheckpointException) else [error]
    texts = [str(item) for item in inner if isinstance(item, OSError) or any(text in str(item) for text in ON_DISK)]
    return texts[0] if texts else ""


def _is_whole(place: Path) -> bool:
    """Whether every file of a checkpoint is as it was written, and none is gone."""
    try:
        known = json.loads((place / SUMS).read_text())
        return bool(known) and all(sha256(place / name) == checksum for name, checksum in known.items())
    except (OSError, ValueError, AttributeError):
        return False


def _settle(draft: Path, place: Path) -> None:
    """Rename, once everything is on the disk: a machine that dies then leaves the old checkpoint or the new one."""
    for path in (*draft.iterdir(), draft):
        handle = os.open(path, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)
    shutil.rmtree(place, ignore_errors=True)
    draft.rename(place)
