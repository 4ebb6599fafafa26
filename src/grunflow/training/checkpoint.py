"""Resume state of a training run: written now and then and when a signal asks for it, found again by the same job.

A checkpoint holds what the next step depends on: trained parameters, optimiser, schedule, the global generators, and what
the run recorded so far. The order of the batches is a function of a seed: it is replayed for as many steps as were taken.
"""

import logging
import signal
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from torch.distributed.checkpoint.default_planner import DefaultLoadPlanner
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_state_dict, set_state_dict

from grunflow.errors import Interrupted
from grunflow.job import RunningJob
from grunflow.models import sharding
from grunflow.training.checkpoint_files import RECORD, Writer, newest_whole

log = logging.getLogger(__name__)
# What clusters send before they take a machine away, Ctrl-C, a closed terminal. USR1 is not here: it kills Snakemake's inner
# process.
SIGNALS = (signal.SIGTERM, signal.SIGURG, signal.SIGINT, signal.SIGHUP)


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
    begun: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.writer = Writer(self.job)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Signals are listened to inside the block, at whose end, however it comes, nothing is still being written."""
        with warnings.catch_warnings(), self.asked.listening():
            # dcp warns that it works in a single process even where it is told to. Filters are no thread's own: set once, here.
            warnings.filterwarnings("ignore", "torch.distributed is", UserWarning)
            try:
                yield
            finally:
                self.writer.wait()

    def _state(self) -> dict[str, Any]:
        """What is sharded; names of parameters, so that it does not depend on their order."""
        options = StateDictOptions(ignore_frozen_params=True)
        model, optimizer = get_state_dict(self.module, self.optimizer, options=options)
        return {"model": model, "optimizer": optimizer}

    def restore(self) -> int:
        """Steps taken by the newest checkpoint, whose state is put back; 0 where there is none."""
        newest = newest_whole(self.job)
        if newest is None:
            return 0
        state = self._state()
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

    def after_step(self, done: int, total: int) -> None:
        """Write a checkpoint where the period is over or a signal came.

        Raises:
            Interrupted: a signal came.
        """
        if done == total:
            return
        due = time.monotonic() - self.begun >= self.job.checkpoint_seconds
        # Several processes do the same: a signal's number, else -1 for a checkpoint that is due, else -2.
        reason = sharding.largest(self.asked.received or (-1 if due else -2))
        if reason < -1 or (reason == -1 and self.writer.is_writing()):
            return
        self.writer.begin(done, self._state(), self._record(done), going_on=reason < 0)
        self.begun = time.monotonic()
        if reason < 0:
            return
        fault = self.writer.end()
        sharding.wait()  # who ends first would take the first with it, which makes the folder whole
        what = (
            f"no checkpoint could be written ({fault})" if fault else f"checkpoint written after step {done} of {total}"
        )
        raise Interrupted(f"{signal.Signals(reason).name}: {what}; run the same command again to go on.")

    def _record(self, done: int) -> dict[str, Any]:
        """What is not sharded."""
        return {
            "steps": done,
            "seconds": self.job.seconds(),
            "resumed_at_steps": self.job.resumed_at_steps,
            "generators": _generators(),
            "carried": {name: part.state_dict() for name, part in self.carried.items()},
        }


def _generators() -> dict[str, Any]:
    """The global ones, from which dropout draws."""
    return {"cpu": torch.get_rng_state(), "cuda": torch.cuda.get_rng_state() if torch.cuda.is_available() else None}


def _set_generators(states: dict[str, Any]) -> None:
    torch.set_rng_state(states["cpu"])
    if states["cuda"] is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(states["cuda"])
