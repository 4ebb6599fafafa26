"""Negative log-likelihoods of answers under a carrier, and the gates that opened on the way."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from grunflow.carriers.base import Carrier
from grunflow.data.batching import collate, length_groups
from grunflow.data.prompts import Example
from grunflow.objectives.scores import token_nll


@dataclass
class Likelihoods:
    """Per example: summed NLL in nats over the answer and eos, their number, gates (none without a gate)."""

    nll_sum: Float[Tensor, " example"]
    n_labels: Int[Tensor, " example"]
    gates: Float[Tensor, "example layer"]


@torch.no_grad()
def likelihoods(carrier: Carrier, examples: Sequence[Example], pad_id: int, batch_size: int) -> Likelihoods:
    """Score `examples` in batches of similar length; the result does not depend on how they are batched."""
    nll_sum = torch.empty(len(examples))
    n_labels = torch.empty(len(examples), dtype=torch.long)
    gates: dict[int, Tensor] = {}
    for group in length_groups([len(example.ids) for example in examples], batch_size):
        batch = collate([examples[i] for i in group], pad_id)
        output = carrier.forward(batch)
        nll_sum[group], n_labels[group] = token_nll(output.logits, batch.labels)
        for layer, logit in enumerate(output.gate_logits):
            gates.setdefault(layer, torch.empty(len(examples)))[group] = torch.sigmoid(logit.float())
    stacked = torch.stack([gates[layer] for layer in sorted(gates)], dim=1) if gates else torch.empty(len(examples), 0)
    return Likelihoods(nll_sum, n_labels, stacked)
