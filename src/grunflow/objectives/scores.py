"""What every term of a loss reads: answer NLL per example, in float32."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from grunflow.data.batching import IGNORE_INDEX


@dataclass
class Scores:
    """Summed answer NLL (nats) and number of labels per example; reference: the same under the frozen target."""

    nll_sum: Float[Tensor, " batch"]
    n_labels: Int[Tensor, " batch"]
    reference_nll_sum: Float[Tensor, " batch"] | None


def token_nll(
    logits: Float[Tensor, "batch token vocab"], labels: Int[Tensor, "batch token"]
) -> tuple[Float[Tensor, " batch"], Int[Tensor, " batch"]]:
    """Per row: sum over labelled tokens of -log p(token | before it), and how many there are.

    Only labelled positions go through the float32 log-softmax. labels: -100 where there is no loss.
    """
    shifted = labels[:, 1:]
    kept = shifted != IGNORE_INDEX
    nll = torch.nn.functional.cross_entropy(logits[:, :-1][kept].float(), shifted[kept], reduction="none")
    rows = torch.zeros(labels.shape[0], dtype=torch.float32, device=logits.device)
    return rows.index_add(0, kept.nonzero()[:, 0], nll), kept.sum(dim=1)
