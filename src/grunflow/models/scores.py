"""Scores of a batch's answers: its labelled positions, in float32. Losses and evaluation read them."""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.autograd.function import once_differentiable

from grunflow.data.batching import IGNORE_INDEX


@dataclass
class Scores:
    """Answer scores of one (micro-)batch.

    nll_sum: summed NLL of a row's labels, nats. n_labels: how many. rows, labels: what means divide by, the counts of
    the whole optimiser step (a micro-batch's share of the step's loss is then exact). logits: at the positions that
    predict a label. every_logit: at all positions, for the authors' KL over padding too (packed rows hold none: one row).
    """

    nll_sum: Float[Tensor, " batch"]
    n_labels: Int[Tensor, " batch"]
    rows: int
    labels: int
    logits: Float[Tensor, "label vocab"]
    label_ids: Int[Tensor, " label"]
    every_logit: Float[Tensor, "row token vocab"]


def score(
    logits: Float[Tensor, "batch token vocab"],
    labels: Int[Tensor, "batch token"],
    rows: int | None = None,
    n_labels: int | None = None,
) -> Scores:
    """Scores of a batch; labels: -100 where there is no loss. Only labelled positions go through the softmax.

    Args:
        rows, n_labels: counts of the whole step; by default the batch is the step.
    """
    shifted = labels[:, 1:]
    kept = shifted != IGNORE_INDEX
    at_labels, row = logits[:, :-1][kept], kept.nonzero()[:, 0]
    return label_scores(at_labels, shifted[kept], row, labels.shape[0], rows, n_labels, logits)


def label_scores(
    logits: Float[Tensor, "label vocab"],
    label_ids: Int[Tensor, " label"],
    row: Int[Tensor, " label"],
    count: int,
    rows: int | None = None,
    n_labels: int | None = None,
    every_logit: Float[Tensor, "row token vocab"] | None = None,
) -> Scores:
    """Scores of `count` rows from the logits at their labels alone; `row`: which row a label belongs to."""
    wide = logits.float()
    nll = _LabelNll.apply(wide, label_ids)
    sums = torch.zeros(count, dtype=torch.float32, device=wide.device).index_add(0, row, nll)
    counts = torch.bincount(row, minlength=count)
    every = wide[None] if every_logit is None else every_logit
    return Scores(sums, counts, rows or count, n_labels or len(label_ids), wide, label_ids, every)


class _LabelNll(torch.autograd.Function):
    """torch's cross_entropy, -log softmax(logits)[label] in nats, with a gradient of our own: softmax - onehot(label).

    torch's holds a log-softmax beside the logits until then, and fills a gradient with zeros before it makes the real one:
    as wide as the vocabulary, both. No second derivative.
    """

    @staticmethod
    def forward(
        ctx: Any, logits: Float[Tensor, "label vocab"], label_ids: Int[Tensor, " label"]
    ) -> Float[Tensor, " label"]:
        ctx.save_for_backward(logits, label_ids)
        return torch.nn.functional.cross_entropy(logits, label_ids, reduction="none")

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Float[Tensor, " label"]) -> tuple[Float[Tensor, "label vocab"], None]:
        logits, label_ids = ctx.saved_tensors
        change = logits.softmax(dim=1)
        change[torch.arange(len(label_ids), device=label_ids.device), label_ids] -= 1
        return change.mul_(gradient[:, None]), None
