"""In what type weights are kept and computed with while they are trained.

A model whose own weights are trained in bf16 loses most updates: at a rate of 1e-5 a step is far below bf16's spacing, so that few
weights move and norms never. The authors train with DeepSpeed ZeRO-3, which keeps float32 masters and moments and computes in
bf16 (b59fd78, config/ds_config.json). Here the weights are held in float32 and the passes run under autocast (or, where the
model is sharded, FSDP2's mixed precision); what is saved is rounded to the model's own type. 16 bytes a parameter: master,
gradient, two moments; on one device 2 more, the copy that autocast keeps until the backward pass.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from grunflow.config.parts import Training


def keeps_masters(training: Training, dtype: str, own_weights: bool) -> bool:
    """Whether float32 masters are kept. own_weights: the model's own are trained; adapters and edits are float32 anyway."""
    return own_weights and dtype != "float32" and training.precision == "masters"


def widen(model: Any) -> None:
    """The model's weights as float32: exact."""
    model.float()


def narrow(model: Any, dtype: str) -> None:
    """The weights rounded to the model's own type, as they are saved."""
    model.to(getattr(torch, dtype))


@contextmanager
def computing(device: torch.device, dtype: str | None) -> Iterator[None]:
    """Passes in `dtype`; None: in the type of the weights."""
    if dtype is None:
        yield
        return
    with torch.autocast(device.type, dtype=getattr(torch, dtype)):
        yield
