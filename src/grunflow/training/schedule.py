"""How many steps a training takes, and at what rates. No torch: plans count the same."""

import math

from grunflow.config.parts import Training
from grunflow.config.specs import SnapshotSpec


def total_steps(training: Training, examples: int) -> int:
    """Optimiser steps: as stated, or whole epochs, with the last batch of an epoch smaller (`ceil`) or only as many whole
    batches as all epochs hold (`floor`)."""
    if training.steps is not None:
        return training.steps
    epochs = training.epochs or 0
    if training.step_count == "floor":
        return epochs * examples // training.batch_size
    return epochs * math.ceil(examples / training.batch_size)


def snapshot_steps(spec: SnapshotSpec, steps: int) -> tuple[int, ...]:
    """After which steps a run of so many is asked, the start (0) and the last step among them; none without snapshots.

    Geometric: after steps^(part / count), so that each is the same factor later than the one before.
    """
    if spec.probe is None or not (spec.count or spec.steps):
        return ()
    if spec.steps:
        own = {step for step in spec.steps if step < steps}
    elif spec.spacing == "even":
        own = {round(steps * part / spec.count) for part in range(1, spec.count)}
    else:
        own = {round(steps ** (part / spec.count)) for part in range(1, spec.count)}
    return tuple(sorted({0, *own, steps}))


def learning_rate_factor(step: int, steps: int, training: Training) -> float:
    """Factor in [0, 1] on the learning rate at optimiser step `step` (counted from 0).

    Rises linearly over warmup_fraction of the steps (rounded as step_count says), then falls to 0 as the schedule says.
    """
    share = training.warmup_fraction * steps
    warmup_steps = math.floor(share + 1e-9) if training.step_count == "floor" else math.ceil(share)
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    done = (step - warmup_steps) / max(1, steps - warmup_steps)
    if training.schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * done))
    return 1 - done if training.schedule == "linear" else 1.0
