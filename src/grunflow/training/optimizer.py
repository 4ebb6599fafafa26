"""The optimiser."""

from collections.abc import Iterable
from typing import Any

import torch

from grunflow.config.parts import Training

BETAS = (0.9, 0.999)  # torch's; optimi's own second is 0.99


def adamw(parameters: Iterable[torch.nn.Parameter], training: Training) -> torch.optim.Optimizer:
    """torch's fused AdamW: its default on a GPU holds a copy of all that it updates for a moment (its docs, foreach).

    precision `kahan`: optimi's (Kahan summation: beside each bf16 weight what its updates lost to rounding), for one GPU that
    has no room for float32 masters. Over 60 steps at the paper's rate its update's cosine to a float32 run's was .97, of plain
    bf16 .30 (tests/training/test_precision.py).
    """
    settings: dict[str, Any] = {
        "lr": training.learning_rate,
        "betas": BETAS,
        "weight_decay": training.weight_decay,
        "eps": training.eps,
    }
    if training.precision == "kahan":
        from optimi import AdamW

        return AdamW(parameters, **settings, kahan_sum=True)
    return torch.optim.AdamW(parameters, **settings, fused=True)
