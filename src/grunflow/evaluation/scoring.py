"""Negative log-likelihoods of answers under a carrier, and the gates that opened on the way."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from grunflow.carriers.base import Carrier
from grunflow.data.batching import collate, length_groups
from grunflow.data.prompts import Example
from grunflow.evaluation.tokens import TokenScores
from grunflow.models.scores import Scores, score


@dataclass
class Likelihoods:
    """Per example: summed NLL in nats over the answer and eos, their number, gates (none without a gate); the scores
    of single tokens where they were asked for."""

    nll_sum: Float[Tensor, " example"]
    n_labels: Int[Tensor, " example"]
    gates: Float[Tensor, "example layer"]
    tokens: list[TokenScores] | None = None


def token_scores(scores: Scores) -> list[TokenScores]:
    """The labelled positions of a batch, split by row."""
    log_probabilities = torch.log_softmax(scores.logits, dim=-1)
    log_p = log_probabilities.gather(1, scores.label_ids[:, None]).squeeze(1)
    probabilities = log_probabilities.exp()
    mean = (probabilities * log_probabilities).sum(dim=1)
    variance = (probabilities * log_probabilities.square()).sum(dim=1) - mean.square()
    correct = scores.logits.argmax(dim=-1) == scores.label_ids
    parts = (torch.split(values.cpu(), scores.n_labels.tolist()) for values in (log_p, correct, mean, variance))
    return [TokenScores(*(values.numpy() for values in row)) for row in zip(*parts, strict=True)]


@torch.no_grad()
def likelihoods(
    carrier: Carrier, examples: Sequence[Example], pad_id: int, batch_size: int, with_tokens: bool = False
) -> Likelihoods:
    """Score `examples` in batches of similar length; the result does not depend on how they are batched."""
    nll_sum = torch.empty(len(examples))
    n_labels = torch.empty(len(examples), dtype=torch.long)
    gates: dict[int, Tensor] = {}
    tokens: dict[int, TokenScores] = {}
    for group in length_groups([len(example.ids) for example in examples], batch_size):
        batch = collate([examples[i] for i in group], pad_id).to(carrier.model.device)
        output = carrier.forward(batch)
        scores = score(output.logits, batch.labels)
        nll_sum[group], n_labels[group] = scores.nll_sum.cpu(), scores.n_labels.cpu()
        for layer, logit in enumerate(output.gate_logits):
            gates.setdefault(layer, torch.empty(len(examples)))[group] = torch.sigmoid(logit.float()).cpu()
        if with_tokens:
            tokens |= dict(zip(group, token_scores(scores), strict=True))
    stacked = torch.stack([gates[layer] for layer in sorted(gates)], dim=1) if gates else torch.empty(len(examples), 0)
    return Likelihoods(nll_sum, n_labels, stacked, [tokens[i] for i in sorted(tokens)] if with_tokens else None)
