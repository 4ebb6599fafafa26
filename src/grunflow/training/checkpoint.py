"""Resume state of a training run: written now and then and when a signal asks for it, found again by the same job.

A checkpoint holds what the next step depends on: trained parameters, optimiser, schedule, the global generators, and what
the run recorded so far. The order of the batches is a function of a seed: it is replayed for as many steps as were taken.
"""

import json
import logging
import os
import shutil
import signal
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.default_planner import DefaultLoadPlanner
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_state_dict, set_state_dict

from grunflow.errors import Interrupted
from grunflow.job import RunningJob
from grunflow.manifest import checksums, sha256
from grunflow.models import sharding

log = logging.getLogger(__name__)
# What clusters send before they take a machine away, Ctrl-C, a closed terminal. USR1 is not here: it kills Snakemake's inner
# process.
SIGNALS = (signal.SIGTERM, signal.SIGURG, signal.SIGINT, signal.SIGHUP)
ON_DISK = ("file write failed", "unexpected pos")  # torch's own words for a disk that took not all
RECORD, SUMS = "record.pt", "checksums.json"


@runtime_checkable
class Stateful(Protocol):
    """Something that a resumed run must find as it was; the state is plain values and tensors."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any]) -> None: ...


class Asked:
    """Which signal asked for the end, if any. Further ones change nothing: the step and the checkpoint are finished."""

    received: signal.Signals | None = None

    def __call__(self, number: int, frame: object) -> None:
        self.received = self.received or signal.Signals(number)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """The handlers stand inside the block only."""
        before = {number: signal.signal(number, self) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@dataclass
class Checkpoints:
    """The checkpoints of `job`; only the newest is kept.

    Args:
        module, optimizer: their state is written in shards, so that another number of processes can read it.
        carried: name -> what else is kept.
    """

    job: RunningJob
    module: torch.nn.Module
    optimizer: torch.optim.Optimizer
    carried: dict[str, Stateful]
    asked: Asked = field(default_factory=Asked)
    written: float = field(default_factory=time.monotonic)

    def _state(self) -> dict[str, Any]:
        """What is sharded; names of parameters, so that it does not depend on their order."""
        options = StateDictOptions(ignore_frozen_params=True)
        model, optimizer = get_state_dict(self.module, self.optimizer, options=options)
        return {"model": model, "optimizer": optimizer}

    def restore(self) -> int:
        """Steps taken by the newest checkpoint, whose state is put back; 0 where there is none."""
        if self.job.lead:
            for draft in self.job.folder.glob(".draft-*"):  # of a process that was killed
                shutil.rmtree(draft)
            self._set_aside_damaged()
        sharding.wait()
        newest = max(self.job.folder.glob("step-*"), default=None)
        if newest is None:
            return 0
        state = self._state()
        with _quiet():
            # What the loss never reached has no optimiser state to find (RMU's edits above the block that it reads).
            planner = DefaultLoadPlanner(allow_partial_load=True)
            dcp.load(state, checkpoint_id=newest, planner=planner, no_dist=not dist.is_initialized())
        options = StateDictOptions(ignore_frozen_params=True, strict=False)
        set_state_dict(
            self.module, self.optimizer, model_state_dict=state["model"], optim_state_dict=state["optimizer"],
            options=options,
        )  # fmt: skip
        record = torch.load(newest / RECORD, weights_only=True)
        for name, part in self.carried.items():
            part.load_state_dict(record["carried"][name])
        self.job.earlier_seconds, self.job.earlier_cpu_seconds = record["seconds"]
        self.job.resumed_at_steps = [*record["resumed_at_steps"], record["steps"]]
        _set_generators(record["generators"])
        log.info("resumed after step %d from %s", record["steps"], newest)
        return record["steps"]

    def _set_aside_damaged(self) -> None:
        """Newest first, until one is as it was written: what a disk or a copy changed would give other weights in silence."""
        for place in sorted(self.job.folder.glob("step-*"), reverse=True):
            if _is_whole(place):
                return
            aside = place.with_name(f"damaged-{place.name}-{time.time_ns()}")
            place.rename(aside)
            log.warning(
                "%s: differs from its checksums, set aside as %s; going on from an older one, or from the start",
                place,
                aside.name,
            )

    def after_step(self, done: int, total: int) -> None:
        """Write a checkpoint where the period is over or a signal came.

        Raises:
            Interrupted: a signal came.
        """
        if done == total:
            return
        due = time.monotonic() - self.written >= self.job.checkpoint_seconds
        # Several processes do the same: a signal's number, else -1 for a checkpoint that is due, else -2.
        reason = sharding.largest(self.asked.received or (-1 if due else -2))
        fault = self._tried(done) if reason >= -1 else ""
        if reason > 0:
            name = signal.Signals(reason).name
            what = (
                f"no checkpoint could be written ({fault})"
                if fault
                else f"checkpoint written after step {done} of {total}"
            )
            raise Interrupted(f"{name}: {what}; run the same command again to go on.")

    def _tried(self, done: int) -> str:
        """Write a checkpoint. A full or failing disk ends no training: what went wrong, the older checkpoint stays."""
        try:
            self.write(done)
        except (OSError, RuntimeError, CheckpointException) as error:
            fault = _fault_of_disk(error)
            if sharding.count() > 1 or not fault:
                raise
            shutil.rmtree(self._draft(done), ignore_errors=True)
            self.written = time.monotonic()
            log.warning("no checkpoint after step %d: %s; training goes on", done, fault)
            return fault
        return ""

    def _draft(self, done: int) -> Path:
        return self.job.folder / f".draft-{done:09d}"

    def write(self, done: int) -> None:
        """A new folder takes its place whole; then the older ones go."""
        started = time.monotonic()
        draft = self._draft(done)
        if self.job.lead:
            self.job.make_folder()
        with _quiet():
            dcp.save(self._state(), checkpoint_id=draft, no_dist=not dist.is_initialized())
        if self.job.lead:
            torch.save(self._record(done), draft / RECORD)
            (draft / SUMS).write_text(json.dumps(checksums(draft)))
            place = self.job.folder / f"step-{done:09d}"
            _settle(draft, place)
            for other in self.job.folder.glob("step-*"):
                if other != place:
                    shutil.rmtree(other)
        sharding.wait()
        self.written = time.monotonic()
        log.info("checkpoint after step %d: %.2f s", done, self.written - started)

    def _record(self, done: int) -> dict[str, Any]:
        """What is not sharded."""
        return {
            "steps": done,
            "seconds": self.job.seconds(),
            "resumed_at_steps": self.job.resumed_at_steps,
            "generators": _generators(),
            "carried": {name: part.state_dict() for name, part in self.carried.items()},
        }


@contextmanager
def _quiet() -> Iterator[None]:
    """dcp warns that it works in a single process even where it is told to."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "torch.distributed is", UserWarning)
        yield


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


def _generators() -> dict[str, Any]:
    """The global ones, from which dropout draws."""
    return {"cpu": torch.get_rng_state(), "cuda": torch.cuda.get_rng_state() if torch.cuda.is_available() else None}


def _set_generators(states: dict[str, Any]) -> None:
    torch.set_rng_state(states["cpu"])
    if states["cuda"] is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(states["cuda"])
