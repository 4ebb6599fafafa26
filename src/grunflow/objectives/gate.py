"""The gate's own loss."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import binary_cross_entropy, binary_cross_entropy_with_logits


def gate_bce(
    forget: list[Float[Tensor, " forget"]],
    retain: list[Float[Tensor, " retain"]],
    form: str = "logits",
    rows: int | None = None,
) -> Float[Tensor, ""]:
    """Binary cross-entropy of the gates: 1 on forget, 0 on retain; mean over layers and examples.

    Args:
        forget, retain: gate logits, one tensor per intervened layer.
        form: `logits`, in float32; or `probabilities`, as the authors do (BCELoss on sigmoids, b59fd78), where a
            saturated gate gets no gradient.
        rows: forget and retain rows of the whole optimiser step; by default the batch is the step.

    Source: the authors' pyreft/reft_trainer.py:219 (b59fd78).
    """
    logits = torch.cat([*forget, *retain])
    wanted = torch.cat([torch.ones_like(torch.cat(forget)), torch.zeros_like(torch.cat(retain))]).float()
    count = len(logits) if rows is None else rows * len(forget)
    if form == "probabilities":
        return binary_cross_entropy(torch.sigmoid(logits).float(), wanted, reduction="sum") / count
    return binary_cross_entropy_with_logits(logits.float(), wanted, reduction="sum") / count
