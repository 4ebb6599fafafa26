"""Negative log-likelihoods of answers of a model with its carriers, and the gates that opened on the way."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from grunflow.carriers.stack import Stack
from grunflow.data.batching import collate, length_groups
from grunflow.data.prompts import Example
from grunflow.evaluation.tokens import TokenScores
from grunflow.models.scores import Scores, score


@dataclass
class Likelihoods:
    """What the model says of each example: summed NLL in nats over the answer and eos, their number, gates (none without a gate);
    and of single tokens, for the examples for which that was asked, in the order of these."""

    nll_sum: Float[Tensor, " example"]
    n_labels: Int[Tensor, " example"]
    gates: Float[Tensor, "example layer"]
    tokens: list[TokenScores]


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


class Collected:
    """Gathers the scores of batches into one Likelihoods, in the examples' order."""

    def __init__(self, count: int, tokens_of: Collection[int] = ()) -> None:
        self.nll_sum, self.n_labels = torch.empty(count), torch.empty(count, dtype=torch.long)
        self.gates: list[Tensor] = []
        self.tokens_of, self.tokens = tokens_of, dict[int, TokenScores]()

    def add(self, indices: list[int], scores: Scores, gate_logits: Sequence[Float[Tensor, " batch"]]) -> None:
        """The scores of examples `indices`, a row each, and their gate logits per gated layer."""
        self.nll_sum[indices], self.n_labels[indices] = scores.nll_sum.cpu(), scores.n_labels.cpu()
        for layer, logit in enumerate(gate_logits):
            if layer == len(self.gates):
                self.gates.append(torch.empty(len(self.nll_sum)))
            self.gates[layer][indices] = torch.sigmoid(logit.float()).cpu()
        wanted = [index in self.tokens_of for index in indices]
        if any(wanted):
            self.tokens |= {index: found for index, found, keep in
                            zip(indices, token_scores(scores), wanted, strict=True) if keep}  # fmt: skip

    def all(self) -> Likelihoods:
        stacked = torch.stack(self.gates, dim=1) if self.gates else torch.empty(len(self.nll_sum), 0)
        return Likelihoods(self.nll_sum, self.n_labels, stacked, [self.tokens[index] for index in sorted(self.tokens)])


@torch.no_grad()
def likelihoods(
    stack: Stack, examples: Sequence[Example], pad_id: int, batch_size: int, tokens_of: Collection[int] = ()
) -> Likelihoods:
    """Score `examples` in batches of similar length; the result does not depend on how they are batched.

    Args:
        tokens_of: indices of the examples whose single tokens are scored too.
    """
    found = Collected(len(examples), tokens_of)
    for group in length_groups([len(example.ids) for example in examples], batch_size):
        batch = collate([examples[i] for i in group], pad_id).to(stack.model.device)
        output = stack.forward(batch)
        found.add(group, score(output.logits, batch.labels), output.gate_logits)
    return found.all()
