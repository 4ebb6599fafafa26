"""The optimiser."""

from collections.abc import Iterable
from typing import Any

import torch

from grunflow.config.parts import Training


def adamw(parameters: Iterable[torch.nn.Parameter], training: Training) -> torch.optim.Optimizer:
    """torch's fused AdamW: its default on a GPU holds a copy of all that it updates for a moment (its docs, foreach).

    precision `stochastic`: torchao's, whose update of a bf16 weight is rounded up or down by chance, so that small ones count
    on average; its moments are bf16 too.
    """
    settings: dict[str, Any] = {
        "lr": training.learning_rate,
        "weight_decay": training.weight_decay,
        "eps": training.eps,
    }
    if training.precision == "stochastic":
        from torchao.optim import _AdamW  # imports for a second what no other training needs

        return _AdamW(parameters, **settings, bf16_stochastic_round=True)
    return torch.optim.AdamW(parameters, **settings, fused=True)
