"""The one training loop: AdamW, warm-up and schedule, clipping, accumulation. What a step minimises is the
caller's: a function from a list of example indices to a scalar loss."""

import logging
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from grunflow.config.specs import Training
from grunflow.data.batching import epoch_order
from grunflow.errors import CheckFailed
from grunflow.progress import track

log = logging.getLogger(__name__)


@dataclass
class History:
    """What a run recorded on its way: the loss of each optimiser step."""

    losses: list[float] = field(default_factory=list)


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


def train(
    parameters: Sequence[torch.nn.Parameter],
    loss_of: Callable[[list[int], float], Float[Tensor, ""]],
    examples: int,
    training: Training,
    generator: torch.Generator,
    label: str,
) -> History:
    """Minimise `loss_of(indices, share)` over mini-batches of `examples` rows.

    Args:
        parameters: what the optimiser may change.
        loss_of: loss of the rows `indices`; `share` is the micro-batch's part of its step, by which the loss is
            already to be multiplied when it returns (1 without accumulation).
        generator: decides the order of the rows.

    Raises:
        CheckFailed: the loss became NaN or infinite.
    """
    optimizer = torch.optim.AdamW(parameters, lr=training.learning_rate, weight_decay=training.weight_decay)
    steps = total_steps(training, examples)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: learning_rate_factor(step, steps, training))
    history = History()
    rows = batches(examples, training.batch_size, generator)
    micro_size = training.batch_size // training.accumulation
    for step in track(steps, label):
        batch = next(rows)
        optimizer.zero_grad(set_to_none=True)
        loss_value = 0.0
        for start in range(0, len(batch), micro_size):
            micro = batch[start : start + micro_size]
            loss = loss_of(micro, len(micro) / len(batch))
            loss.backward()
            loss_value += loss.item()
        if not math.isfinite(loss_value):
            raise CheckFailed(f"{label}: loss is {loss_value} at step {step + 1} of {steps}; lower the learning rate.")
        torch.nn.utils.clip_grad_norm_(parameters, training.gradient_clip)
        optimizer.step()
        schedule.step()
        history.losses.append(loss_value)
    log.info("%s: %d steps, last loss %.4f", label, steps, history.losses[-1])
    return history
