"""The one training loop: AdamW, warm-up and schedule, clipping, accumulation. What a step minimises is the
caller's: a function from a step's example indices to the losses of its micro-batches."""

import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from grunflow.config.specs import Training
from grunflow.data.batching import epoch_order
from grunflow.errors import CheckFailed
from grunflow.progress import track

log = logging.getLogger(__name__)
Step = TypeVar("Step")


@dataclass
class History:
    """What a run recorded on its way: loss, and gradient norm before clipping, of each optimiser step; seconds of them
    all, without what `after_step` does."""

    losses: list[float] = field(default_factory=list)
    gradient_norms: list[float] = field(default_factory=list)
    seconds: float = 0.0


def learning_rate_factor(step: int, total_steps: int, training: Training) -> float:
    """Factor in [0, 1] on the learning rate at optimiser step `step` (counted from 0).

    Rises linearly over warmup_fraction of the steps, then falls to 0 as the schedule says.
    """
    warmup_steps = math.ceil(training.warmup_fraction * total_steps)
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    done = (step - warmup_steps) / max(1, total_steps - warmup_steps)
    if training.schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * done))
    return 1 - done if training.schedule == "linear" else 1.0


def total_steps(training: Training, examples: int) -> int:
    """Optimiser steps: as stated, or whole epochs with the last batch of an epoch smaller."""
    if training.steps is not None:
        return training.steps
    return (training.epochs or 0) * math.ceil(examples / training.batch_size)


def batches(examples: int, batch_size: int, generator: torch.Generator) -> Iterator[list[int]]:
    """Endless batches of indices, a fresh order each epoch: a function of the generator's seed only."""
    while True:
        order = epoch_order(examples, generator)
        for start in range(0, examples, batch_size):
            yield order[start : start + batch_size]


def micro_batches(indices: list[int], training: Training) -> list[list[int]]:
    """The step's rows in parts of batch_size / accumulation."""
    size = training.batch_size // training.accumulation
    return [indices[start : start + size] for start in range(0, len(indices), size)]


def train(
    parameters: Sequence[torch.nn.Parameter],
    losses_of: Callable[[Step], Iterable[Float[Tensor, ""]]],
    order: Iterator[Step],
    steps: int,
    training: Training,
    label: str,
    after_step: Callable[[int], None] = lambda done: None,
) -> History:
    """Minimise, for `steps` items of `order` (a step's row indices), the sum of `losses_of(item)`.

    Args:
        parameters: what the optimiser may change.
        losses_of: the micro-batches' shares of the step's loss; each is differentiated before the next is made.
        after_step: called with the number of steps done, for snapshots.

    Raises:
        CheckFailed: the loss became NaN or infinite.
    """
    optimizer = torch.optim.AdamW(parameters, lr=training.learning_rate, weight_decay=training.weight_decay)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: learning_rate_factor(step, steps, training))
    history = History()
    for step in track(steps, label):
        started = time.monotonic()
        optimizer.zero_grad(set_to_none=True)
        loss_value = 0.0
        for loss in losses_of(next(order)):
            loss.backward()
            loss_value += loss.item()
        if not math.isfinite(loss_value):
            raise CheckFailed(f"{label}: loss is {loss_value} at step {step + 1} of {steps}; lower the learning rate.")
        norm = torch.nn.utils.clip_grad_norm_(parameters, training.gradient_clip or math.inf)
        optimizer.step()
        schedule.step()
        history.losses.append(loss_value)
        history.gradient_norms.append(float(norm))
        history.seconds += time.monotonic() - started
        after_step(step + 1)
    log.info("%s: %d steps, last loss %.4f", label, steps, history.losses[-1])
    return history
