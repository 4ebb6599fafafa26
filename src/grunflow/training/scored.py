"""Scores of a batch under a carrier and under the model before unlearning: padded rows, or packed ones with what was
computed once."""

from collections.abc import Sequence

import torch
from torch import Tensor

from grunflow.carriers.stack import Stack
from grunflow.data.batching import IGNORE_INDEX, Batch
from grunflow.models.scores import Scores, label_scores, score
from grunflow.training.frozen_pack import Pack, packed_forward
from grunflow.training.text_pack import TextPack, whole_forward

Rows = Batch | Pack | TextPack  # padded; from the cache; whole texts without padding


def scored(
    stack: Stack, batches: Sequence[Rows], rows: int, labels: Sequence[int]
) -> list[tuple[Scores, list[Tensor]]]:
    """Each batch's scores with the carriers acting, and its gate logits.

    Args:
        rows, labels: counts of the whole optimiser step; labels for each batch.
    """
    packs = [batch for batch in batches if isinstance(batch, Pack)]
    texts = [batch for batch in batches if isinstance(batch, TextPack)]
    if len(packs) == len(batches):
        return _each(packed_forward(stack.model, stack.edits, packs), packs, rows, labels)
    if len(texts) == len(batches):
        return _each(whole_forward(stack, texts), texts, rows, labels)
    found = []
    for batch, count in zip(batches, labels, strict=True):
        assert isinstance(batch, Batch), "a step's batches are all of one form"
        output = stack.forward(batch)
        found.append((score(output.logits, batch.labels, rows, count), output.gate_logits))
    return found


def _each(
    outputs: list[tuple[Tensor, list[Tensor]]], packs: Sequence[Pack | TextPack], rows: int, labels: Sequence[int]
) -> list[tuple[Scores, list[Tensor]]]:
    return [
        (_of_packed(logits, pack, rows, count), gate_logits)
        for (logits, gate_logits), pack, count in zip(outputs, packs, labels, strict=True)
    ]


@torch.no_grad()
def reference_scores(reference: Stack | None, batch: Rows, known: str) -> Scores:
    """Scores of the model before unlearning: those computed once, where they hold what `known` asks for."""
    if isinstance(batch, Pack):
        if known == "logits":
            assert reference is not None
            return _of_packed(reference.model.lm_head(batch.final), batch, batch.n_rows, len(batch.labels))
        return _nll_only(batch.nll, batch.n_labels)
    if known == "nll" and batch.reference_nll is not None:
        padded = isinstance(batch, Batch)
        return _nll_only(
            batch.reference_nll, (batch.labels[:, 1:] != IGNORE_INDEX).sum(dim=1) if padded else batch.n_labels
        )
    assert reference is not None
    with reference.undisturbed():
        if isinstance(batch, TextPack):
            return _of_packed(whole_forward(reference, [batch])[0][0], batch, batch.n_rows, len(batch.labels))
        return score(reference.forward(batch).logits, batch.labels)


def _nll_only(nll: Tensor, n_labels: Tensor) -> Scores:
    nothing = nll.new_empty(0, 1)
    return Scores(nll, n_labels, len(nll), int(n_labels.sum()), nothing, n_labels[:0], nothing[None])


def _of_packed(logits: Tensor, batch: Pack | TextPack, rows: int, labels: int) -> Scores:
    return label_scores(logits, batch.labels, batch.row, batch.n_rows, rows, labels)
