"""One unlearning step: which batches are run through which model, and the loss of objective and gate."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.utils import parametrize

from grunflow.carriers.stack import Stack
from grunflow.config.parts import CarrierSpec
from grunflow.costs import flops
from grunflow.costs.shapes import Shapes
from grunflow.data.batching import IGNORE_INDEX, Batch
from grunflow.objectives.gate import gate_bce
from grunflow.objectives.loading import STATE_REFERENCE, Objective
from grunflow.objectives.scores import Pair
from grunflow.objectives.states import StatePair, selected
from grunflow.training.frozen_pack import Pack
from grunflow.training.loop import Share
from grunflow.training.scored import Rows, reference_scores, scored
from grunflow.training.streams.base import Needs


@dataclass
class Texts:
    """Batches of one step or micro-batch: forget questions with answers, with refusals, and retain rows."""

    answers: Rows | None
    refusals: Rows | None
    retain: Rows | None


@dataclass
class Totals:
    """Rows and labels of the whole optimiser step, by which a micro-batch's sums are divided."""

    rows: int
    answer_labels: int  # of states: the selected tokens, also of retain_labels
    refusal_labels: int
    retain_labels: int
    gated_rows: int


def totals_of(objective: Objective, parts: Sequence[Texts]) -> Totals:
    """The totals of a step whose micro-batches are `parts`."""

    def rows_in(batches: Sequence[Rows | None]) -> int:
        return sum(batch.n_rows for batch in batches if batch is not None)

    def read_in(batches: Sequence[Rows | None]) -> int:
        return sum(_read(objective, batch) for batch in batches if batch is not None)

    answers, refusals, kept = zip(*((part.answers, part.refusals, part.retain) for part in parts), strict=True)
    rows = rows_in([answer or refusal for answer, refusal in zip(answers, refusals, strict=True)])
    return Totals(rows, read_in(answers), read_in(refusals), read_in(kept), rows + rows_in(kept))


def _read(objective: Objective, batch: Rows) -> int:
    """How many labels the objective's terms read of a batch, or tokens whose states they read."""
    if not isinstance(batch, Batch):
        return len(batch.labels)
    if objective.states:
        return int(selected(batch, objective.spec.rmu_positions).sum())
    return int((batch.labels[:, 1:] != IGNORE_INDEX).sum())


def needs_of(objective: Objective, carrier: CarrierSpec, batch_size: int) -> Needs:
    """Retain rows are run for the retain term, and for the gate, which must learn where to stay closed."""
    keeps = objective.has_retain or bool(carrier.get("gate_weight"))
    labels = not objective.states or objective.spec.get("rmu_positions") == "labels"
    return Needs(objective.answers, objective.refusals, keeps, batch_size, objective.spec.reduction == "pairs", labels)


@parametrize.cached()  # the rotation of an edit is made once, not for each batch
def step_loss(
    stack: Stack,
    reference: Stack | None,
    objective: Objective,
    texts: Texts,
    totals: Totals | None = None,
    control: Float[Tensor, " width"] | None = None,
) -> Float[Tensor, ""]:
    """forget + retain + gate_weight * gate: the (micro-)batch's part of the step's loss.

    Args:
        reference: the model before unlearning; read only by objectives that need it.
        totals: of the whole step; by default the batch is the step.
        control: what the states of the forget texts are drawn to, where the objective reads states.
    """
    totals = totals or totals_of(objective, [texts])
    if objective.states:
        pairs, gates = _state_pairs(stack, reference, objective, texts, totals, control)
    else:
        pairs, gates = _score_pairs(stack, reference, objective, texts, totals)
    answers, refusals, kept = (pairs.get(name) for name in ("answers", "refusals", "retain"))
    return objective.loss(answers, refusals, kept) + _gate_term(stack.top.spec, gates, totals)


Gates = dict[str, list[Tensor]]  # name of a batch in Texts -> gate logits per gated block


def _score_pairs(
    stack: Stack, reference: Stack | None, objective: Objective, texts: Texts, totals: Totals
) -> tuple[dict[str, Any], Gates]:
    """A Pair per batch, by its name in Texts."""
    forgotten, kept = objective.reference, objective.retain_reference
    asked: dict[str, tuple[Rows, int, str]] = {
        name: (batch, labels, known)
        for name, batch, labels, known in (
            ("refusals", texts.refusals, totals.refusal_labels, forgotten),
            ("answers", texts.answers, totals.answer_labels, forgotten),
            ("retain", texts.retain, totals.retain_labels, kept),
        )
        if batch is not None
    }
    batches, labels, _ = zip(*asked.values(), strict=True)
    found = dict(zip(asked, scored(stack, batches, totals.rows, labels), strict=True))
    pairs = {
        name: Pair(found[name][0], reference_scores(reference, batch, known) if known else None)
        for name, (batch, _, known) in asked.items()
    }
    return pairs, {name: gate_logits for name, (_, gate_logits) in found.items()}


def _state_pairs(
    stack: Stack,
    reference: Stack | None,
    objective: Objective,
    texts: Texts,
    totals: Totals,
    control: Float[Tensor, " width"] | None,
) -> tuple[dict[str, Any], Gates]:
    """A StatePair each: states of the forget texts beside the control vector, of the retain texts beside the reference's."""
    assert control is not None, "an objective that reads states has a control vector"
    pairs, gates = {}, {}
    for name, batch, tokens in (
        ("answers", texts.answers, totals.answer_labels),
        ("retain", texts.retain, totals.retain_labels),
    ):
        if batch is None:
            continue
        assert isinstance(batch, Batch), "states are read on the plain path"
        output = stack.states(batch, objective.spec.layer)
        steered = name == "answers"
        wanted = control[None].to(batch.labels.device) if steered else _reference_states(reference, batch, objective)
        pairs[name] = StatePair(output.hidden[selected(batch, objective.spec.rmu_positions)], wanted, tokens)
        gates[name] = output.gate_logits
    return pairs, gates


def shares_of(
    stack: Stack,
    reference: Stack | None,
    objective: Objective,
    parts: Sequence[Texts],
    control: Float[Tensor, " width"] | None,
) -> list[Share]:
    """Each part's share of a step's loss, with its FLOPs, for a step that is cut into `parts`."""
    totals, shapes = totals_of(objective, parts), Shapes.of_model(stack.model.config)
    return [
        Share(
            partial(step_loss, stack, reference, objective, part, totals, control),
            step_flops(shapes, objective, stack.top.spec, part),
        )
        for part in parts
    ]


def step_flops(shapes: Shapes, objective: Objective, carrier: CarrierSpec, texts: Texts) -> float:
    """FLOPs of `step_loss` and its gradient, with what is read of the model before unlearning; costs/flops.py counts."""
    total = 0.0
    kept, forgotten = objective.retain_reference, objective.reference
    layer = objective.spec.layer if objective.states else None
    for batch, known in ((texts.answers, forgotten), (texts.refusals, forgotten), (texts.retain, kept)):
        if batch is None:
            continue
        packed = isinstance(batch, Pack)
        total += flops.training(shapes, carrier, layer, packed).flops(batch.extent)
        if known == STATE_REFERENCE and layer is not None:
            total += flops.forward(shapes, layer + 1).flops(batch.extent)
        elif known == "logits" and packed:
            total += flops.head_only(shapes).flops(batch.extent)
        elif known and not packed and (known == "logits" or batch.reference_nll is None):
            total += flops.forward(shapes).flops(batch.extent)
    return total


def _gate_term(carrier: CarrierSpec, gates: Gates, totals: Totals) -> Tensor | float:
    weight = carrier.get("gate_weight")
    if not weight:
        return 0.0
    forget = gates.get("answers") or gates["refusals"]
    return weight * gate_bce(forget, gates["retain"], carrier.get("gate_loss") or "logits", totals.gated_rows)


@torch.no_grad()
def _reference_states(reference: Stack | None, batch: Batch, objective: Objective) -> Tensor:
    assert reference is not None, "a term that reads states before unlearning has a reference"
    with reference.undisturbed():
        hidden = reference.states(batch, objective.spec.layer).hidden
    return hidden[selected(batch, objective.spec.rmu_positions)]
