"""Scores of a batch's answers: its labelled positions, in float32. Losses and evaluation read them."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

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
    nll = torch.nn.functional.cross_entropy(wide, label_ids, reduction="none")
    sums = torch.zeros(count, dtype=torch.float32, device=wide.device).index_add(0, row, nll)
    counts = torch.bincount(row, minlength=count)
    every = wide[None] if every_logit is None else every_logit
    return Scores(sums, counts, rows or count, n_labels or len(label_ids), wide, label_ids, every)
