"""The gate's own loss."""

import torch
from jaxtyping import Float
from torch import Tensor


def gate_bce(forget: list[Float[Tensor, " forget"]], retain: list[Float[Tensor, " retain"]]) -> Float[Tensor, ""]:
    """Binary cross-entropy of the gates: 1 on forget, 0 on retain; mean over layers and examples.

    Args:
        forget, retain: gate logits, one tensor per intervened layer.

    Source: paper eq. of L_G. Deviates: from logits in float32; the authors apply BCELoss to bf16 sigmoids, where
    a saturated gate gets no gradient.
    """
    opened, closed = torch.cat(forget).float(), torch.cat(retain).float()
    logits = torch.cat([opened, closed])
    wanted = torch.cat([torch.ones_like(opened), torch.zeros_like(closed)])
    return torch.nn.functional.binary_cross_entropy_with_logits(logits, wanted)
