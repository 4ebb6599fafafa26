"""The one training loop: AdamW, warm-up and schedule, clipping, accumulation, checkpoints. What a step minimises is the
caller's: a `Task`."""

import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from grunflow.config.parts import Training
from grunflow.data.batching import epoch_order
from grunflow.errors import CheckFailed, OutOfMemory
from grunflow.job import current
from grunflow.models import sharding
from grunflow.progress import track
from grunflow.training.checkpoint import Checkpoints, Stateful
from grunflow.training.optimizer import adamw
from grunflow.training.precision import computing
from grunflow.training.schedule import learning_rate_factor

log = logging.getLogger(__name__)
Step = TypeVar("Step")
Row = TypeVar("Row")


@dataclass(frozen=True)
class Share:
    """A micro-batch's share of the step's loss, computed when it is called, and the FLOPs that this takes."""

    loss: Callable[[], Float[Tensor, ""]]
    flops: float


class Watch(Stateful):
    """Called with the number of steps done: before the first (0) and after each."""

    def __call__(self, done: int) -> None: ...


class Nothing(Watch):
    """Watches nothing."""

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None: ...


@dataclass
class Task(Generic[Step]):
    """What is trained, and what a step of it minimises.

    Args:
        module: its parameters that require a gradient are trained.
        order: endless steps, each drawn once; a function of a seed, so that a resumed run replays it.
        shares: (step, rows of a micro-batch) -> shares of the step's loss; one is differentiated before the next is made.
        tokens: how many tokens a step reads.
        label: for bar and log.
        compute: type of the passes, where it is not the weights' own (training/precision.py).
    """

    module: torch.nn.Module
    order: Iterator[Step]
    shares: Callable[[Step, int], Sequence[Share]]
    tokens: Callable[[Step], int]
    label: str
    watch: Watch = field(default_factory=Nothing)
    compute: str | None = None


@dataclass
class History:
    """What a run recorded on its way: loss, and gradient norm before clipping, of each optimiser step.

    micro_batch: rows that are run at once; 0 before the first step. flops, seconds: of all steps, without what the watch
    does.
    """

    losses: list[float] = field(default_factory=list)
    gradient_norms: list[float] = field(default_factory=list)
    tokens: int = 0
    micro_batch: int = 0
    flops: float = 0.0
    seconds: float = 0.0

    def state_dict(self) -> dict[str, Any]:
        return dict(vars(self))

    def load_state_dict(self, state: dict[str, Any]) -> None:
        vars(self).update(state)

    def measured(self, training: Training) -> dict[str, Any]:
        """What the manifest says of the training; accumulation: micro-batches that a process runs one after the other."""
        return {
            "steps": len(self.losses),
            "tokens": self.tokens,
            "train_flops": round(self.flops),
            "train_seconds": round(self.seconds, 3),
            "accumulation": math.ceil(training.batch_size / (self.micro_batch * sharding.count())),
        }


def batches(examples: int, batch_size: int, generator: torch.Generator) -> Iterator[list[int]]:
    """Endless batches of indices, a fresh order each epoch: a function of the generator's seed only."""
    while True:
        order = epoch_order(examples, generator)
        for start in range(0, examples, batch_size):
            yield order[start : start + batch_size]


def micro_batches(rows: Sequence[Row], size: int) -> list[Sequence[Row]]:
    """The step's rows in parts of at most `size`."""
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def rows_at_once(training: Training, processes: int, accumulation: int = 1) -> int:
    """Rows of a micro-batch: as the training's `accumulation` says, or this one where that is left to the plan; or fewer, so that
    each process has as many micro-batches and none waits for the others."""
    rounds = math.ceil((training.accumulation or accumulation) / processes)
    return math.ceil(training.batch_size / (rounds * processes))


def train(task: Task[Step], steps: int, training: Training, accumulation: int = 1) -> History:
    """Take `steps` optimiser steps, going on from the job's newest checkpoint. accumulation: see `rows_at_once`.

    Raises:
        CheckFailed: the loss became NaN or infinite.
        Interrupted: a signal came; a checkpoint is written.
        OutOfMemory: one row at a time does not fit the device.
    """
    sharding.shard(task.module, task.compute)
    parameters = [parameter for parameter in task.module.parameters() if parameter.requires_grad]
    optimizer = adamw(parameters, training)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: learning_rate_factor(step, steps, training))
    rows = rows_at_once(training, sharding.count(), accumulation)
    history = History(micro_batch=rows)
    job = current()
    carried: dict[str, Any] = {"history": history, "schedule": schedule, "watch": task.watch}
    checkpoints = Checkpoints(job, task.module, optimizer, carried) if job else None
    with checkpoints.kept() if checkpoints else nullcontext():
        done = checkpoints.restore() if checkpoints else 0
        history.micro_batch = min(rows, history.micro_batch)  # resumed: perhaps on more processes
        for _ in range(done):
            next(task.order)
        if not done:
            task.watch(0)
        for step in track(steps, task.label, first=done):
            started, drawn = time.monotonic(), next(task.order)
            loss = _differentiate(task, drawn, history, optimizer)
            if not math.isfinite(loss):
                raise CheckFailed(f"{task.label}: loss is {loss} at step {step + 1} of {steps}{_why(step)}")
            norm = torch.nn.utils.clip_grad_norm_(parameters, training.gradient_clip or math.inf)
            _update(optimizer, task.label)
            optimizer.zero_grad(set_to_none=True)  # what the watch does has their memory
            schedule.step()
            history.losses.append(loss)
            history.gradient_norms.append(float(sharding.plain(norm)))
            history.tokens += task.tokens(drawn)
            history.seconds += time.monotonic() - started
            task.watch(step + 1)
            if checkpoints:
                checkpoints.after_step(step + 1, steps)
    log.info("%s: %d steps, last loss %.4f", task.label, steps, history.losses[-1])
    return history


def _why(step: int) -> str:
    """What is known of a loss that is not finite: before the first update no rate can be the cause."""
    if not step:
        return (
            ", before anything was trained: look for a text without labels, weights that are not finite, or a weight of "
            "the loss that is too large."
        )
    return (
        "; the loss was finite before: the training diverged (a lower learning rate often helps, or a smaller weight)."
    )


def _differentiate(task: Task[Step], step: Step, history: History, optimizer: torch.optim.Optimizer) -> float:
    """The step's loss, its gradients in place; with half the rows at once each time that memory runs out."""
    while True:
        optimizer.zero_grad(set_to_none=True)
        try:
            return _run_shares(task, step, history)
        except torch.OutOfMemoryError as error:
            if history.micro_batch == 1 or sharding.count() > 1:
                raise OutOfMemory(_too_large(task.label, history.micro_batch, error)) from None
        # Out of the handler, whose traceback holds the tensors of the failed pass.
        torch.cuda.empty_cache()
        history.micro_batch //= 2
        log.warning("%s: out of memory; from now on %d rows at once", task.label, history.micro_batch)


def _update(optimizer: torch.optim.Optimizer, label: str) -> None:
    """The optimiser's step. AdamW's moments are first allocated here, beside what the passes left in the allocator's cache:
    where memory runs out, that goes, and the step is taken again (its moments are all there before a weight is changed)."""
    known = set(optimizer.state)
    try:
        optimizer.step()
        return
    except torch.OutOfMemoryError:
        for new in optimizer.state.keys() - known:  # one of them may hold half of its moments
            del optimizer.state[new]
        torch.cuda.empty_cache()
    try:
        optimizer.step()
    except torch.OutOfMemoryError as error:
        raise OutOfMemory(
            f"{label}: the optimiser's moments do not fit the device's memory ({error}); take a GPU with more, more of them "
            "(--processes), or a carrier that trains less."
        ) from None


def _run_shares(task: Task[Step], step: Step, history: History) -> float:
    """Apart from its caller, so that nothing of a pass that failed is held while the next one runs."""
    loss_value = 0.0
    shares = task.shares(step, history.micro_batch)
    for weight, share in sharding.own(shares):
        with computing(sharding.device(), task.compute):
            loss = weight * share.loss()
        # FSDP takes the mean of the processes' gradients; the step's is their sum.
        (loss * sharding.count()).backward()
        loss_value += loss.item()
    history.flops += sum(share.flops for share in shares)
    return sharding.summed(loss_value)


def _too_large(label: str, rows: int, error: Exception) -> str:
    if sharding.count() > 1:  # the others wait within a pass: they cannot be asked to take it again
        return (
            f"{label}: {rows} rows on each process do not fit ({error}); raise training.accumulation (where that is null, --accumulation), "
            "or --processes."
        )
    return (
        f"{label}: one row at a time does not fit the device's memory ({error}); take a GPU with more, more of them "
        "(--processes), or a carrier that trains less."
    )
