"""One unlearning step: which batches are run through which model, and the loss of objective and gate."""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from grunflow.carriers.base import Carrier
from grunflow.config import specs
from grunflow.data.batching import IGNORE_INDEX, Batch
from grunflow.objectives import OBJECTIVES, loss, retain_term
from grunflow.objectives.gate import gate_bce
from grunflow.objectives.scores import Pair, Scores, score


@dataclass
class Texts:
    """Batches of one step or micro-batch: forget questions with answers, with refusals, and retain rows."""

    answers: Batch | None
    refusals: Batch | None
    retain: Batch | None


@dataclass
class Totals:
    """Rows and labels of the whole optimiser step, by which a micro-batch's sums are divided."""

    rows: int
    answer_labels: int
    refusal_labels: int
    retain_labels: int
    gated_rows: int


def labels_in(batch: Batch | None) -> int:
    return 0 if batch is None else int((batch.labels[:, 1:] != IGNORE_INDEX).sum())


def totals_of(texts: Texts) -> Totals:
    """The totals of a step that is one batch."""
    first = texts.answers or texts.refusals
    rows = 0 if first is None else len(first.input_ids)
    kept = 0 if texts.retain is None else len(texts.retain.input_ids)
    return Totals(rows, labels_in(texts.answers), labels_in(texts.refusals), labels_in(texts.retain), rows + kept)


def needs_retain(objective: specs.Objective, carrier: specs.Carrier) -> bool:
    """Retain rows are run for the retain term, and for the gate, which must learn where to stay closed."""
    return retain_term(objective)[0] is not None or bool(carrier.gate_weight)


def needs_reference(objective: specs.Objective) -> bool:
    return OBJECTIVES[objective.name].reference or retain_term(objective)[1]


def step_loss(
    carrier: Carrier,
    reference: Any | None,
    objective: specs.Objective,
    carrier_spec: specs.Carrier,
    texts: Texts,
    totals: Totals | None = None,
) -> Float[Tensor, ""]:
    """forget + retain + gate_weight * gate: the (micro-)batch's part of the step's loss.

    Args:
        reference: the model before unlearning; read only by objectives that need it.
        totals: of the whole step; by default the batch is the step.
    """
    totals = totals or totals_of(texts)
    gates: dict[str, list[Tensor]] = {}

    def pair(batch: Batch | None, labels: int, kind: str, with_reference: bool) -> Pair | None:
        if batch is None:
            return None
        output = carrier.forward(batch)
        gates[kind] = output.gate_logits
        current = score(output.logits, batch.labels, totals.rows, labels)
        return Pair(current, _reference_scores(reference, batch) if with_reference else None)

    reads_reference = OBJECTIVES[objective.name].reference
    refusals = pair(texts.refusals, totals.refusal_labels, "forget", reads_reference)
    answers = pair(texts.answers, totals.answer_labels, "forget", reads_reference)
    kept = pair(texts.retain, totals.retain_labels, "retain", retain_term(objective)[1])
    total = loss(objective, answers, refusals, kept)
    if carrier_spec.gate_weight:
        form = carrier_spec.gate_loss or "logits"
        total = total + carrier_spec.gate_weight * gate_bce(gates["forget"], gates["retain"], form, totals.gated_rows)
    return total


@torch.no_grad()
def _reference_scores(model: Any, batch: Batch) -> Scores:
    return score(model(**batch.inputs()).logits, batch.labels)
