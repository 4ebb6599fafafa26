"""Scores of a batch under a carrier and under the model before unlearning: padded rows, or packed ones with what was
computed once."""

from typing import Any

import torch
from torch import Tensor

from grunflow.carriers.base import Carrier
from grunflow.carriers.representation import Representation
from grunflow.data.batching import IGNORE_INDEX, Batch
from grunflow.models.scores import Scores, label_scores, score
from grunflow.objectives import Known
from grunflow.training.frozen_pack import Pack, packed_forward


def scored(carrier: Carrier, batch: Batch | Pack, rows: int, labels: int) -> tuple[Scores, list[Tensor]]:
    """Scores with the carrier acting, and its gate logits.

    Args:
        rows, labels: counts of the whole optimiser step.
    """
    if isinstance(batch, Batch):
        output = carrier.forward(batch)
        return score(output.logits, batch.labels, rows, labels), output.gate_logits
    assert isinstance(carrier, Representation), "only edits of a frozen model are packed"
    logits, gate_logits = packed_forward(carrier.base, carrier.edits, batch)
    return _of_packed(logits, batch, rows, labels), gate_logits


@torch.no_grad()
def reference_scores(reference: Any, batch: Batch | Pack, known: Known) -> Scores:
    """Scores of the model before unlearning: those computed once, where they hold what `known` asks for."""
    if isinstance(batch, Pack):
        if known == "logits":
            return _of_packed(reference.lm_head(batch.final), batch, batch.n_rows, len(batch.labels))
        return _nll_only(batch.nll, batch.n_labels)
    if known == "nll" and batch.reference_nll is not None:
        return _nll_only(batch.reference_nll, (batch.labels[:, 1:] != IGNORE_INDEX).sum(dim=1))
    return score(reference(**batch.inputs()).logits, batch.labels)


def _nll_only(nll: Tensor, n_labels: Tensor) -> Scores:
    nothing = nll.new_empty(0, 1)
    return Scores(nll, n_labels, len(nll), int(n_labels.sum()), nothing, n_labels[:0], nothing[None])


def _of_packed(logits: Tensor, batch: Pack, rows: int, labels: int) -> Scores:
    return label_scores(logits, batch.labels, batch.row, batch.n_rows, rows, labels)
