"""One unlearning step: which batches are run through which model, and the loss of objective and gate."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.utils import parametrize

from grunflow.carriers.base import Carrier
from grunflow.config import specs
from grunflow.costs import flops
from grunflow.costs.shapes import Shapes
from grunflow.data.batching import IGNORE_INDEX, Batch
from grunflow.models.blocks import block_output
from grunflow.objectives import OBJECTIVES, Known, loss, retain_term
from grunflow.objectives.gate import gate_bce
from grunflow.objectives.scores import Pair
from grunflow.objectives.states import StatePair, selected
from grunflow.training.frozen_pack import Pack
from grunflow.training.loop import Share
from grunflow.training.scored import reference_scores, scored


@dataclass
class Texts:
    """Batches of one step or micro-batch: forget questions with answers, with refusals, and retain rows."""

    answers: Batch | Pack | None
    refusals: Batch | Pack | None
    retain: Batch | Pack | None


@dataclass
class Totals:
    """Rows and labels of the whole optimiser step, by which a micro-batch's sums are divided."""

    rows: int
    answer_labels: int  # of rmu: the selected tokens, also of retain_labels
    refusal_labels: int
    retain_labels: int
    gated_rows: int


def totals_of(objective: specs.Objective, parts: Sequence[Texts]) -> Totals:
    """The totals of a step whose micro-batches are `parts`."""

    def rows_in(batches: Sequence[Batch | Pack | None]) -> int:
        return sum(batch.n_rows for batch in batches if batch is not None)

    def read_in(batches: Sequence[Batch | Pack | None]) -> int:
        return sum(_read(objective, batch) for batch in batches if batch is not None)

    answers, refusals, kept = zip(*((part.answers, part.refusals, part.retain) for part in parts), strict=True)
    rows = rows_in([answer or refusal for answer, refusal in zip(answers, refusals, strict=True)])
    return Totals(rows, read_in(answers), read_in(refusals), read_in(kept), rows + rows_in(kept))


def _read(objective: specs.Objective, batch: Batch | Pack) -> int:
    """How many labels the objective's terms read of a batch, or tokens whose states they read."""
    if isinstance(batch, Pack):
        return len(batch.labels)
    if OBJECTIVES[objective.name].states:
        return int(selected(batch, objective.rmu_positions).sum())
    return int((batch.labels[:, 1:] != IGNORE_INDEX).sum())


def needs_retain(objective: specs.Objective, carrier: specs.Carrier) -> bool:
    """Retain rows are run for the retain term, and for the gate, which must learn where to stay closed."""
    return retain_term(objective)[0] is not None or bool(carrier.gate_weight)


def known_of(objective: specs.Objective) -> set[Known]:
    """What the objective's terms read of the model before unlearning."""
    return {OBJECTIVES[objective.name].reference, retain_term(objective)[1]} - {""}


def needs_reference(objective: specs.Objective) -> bool:
    return bool(known_of(objective))


@parametrize.cached()  # the rotation of an edit is made once, not for each batch
def step_loss(
    carrier: Carrier,
    reference: Any | None,
    objective: specs.Objective,
    carrier_spec: specs.Carrier,
    texts: Texts,
    totals: Totals | None = None,
    control: Float[Tensor, " width"] | None = None,
) -> Float[Tensor, ""]:
    """forget + retain + gate_weight * gate: the (micro-)batch's part of the step's loss.

    Args:
        reference: the model before unlearning; read only by objectives that need it.
        totals: of the whole step; by default the batch is the step.
        control: what rmu draws the states of the forget texts to.
    """
    totals = totals or totals_of(objective, [texts])
    if OBJECTIVES[objective.name].states:
        pairs, gates = _state_pairs(carrier, reference, objective, texts, totals, control)
    else:
        pairs, gates = _score_pairs(carrier, reference, objective, texts, totals)
    answers, refusals, kept = (pairs.get(name) for name in ("answers", "refusals", "retain"))
    return loss(objective, answers, refusals, kept) + _gate_term(carrier_spec, gates, totals)


Gates = dict[str, list[Tensor]]  # name of a batch in Texts -> gate logits per gated block


def _score_pairs(
    carrier: Carrier, reference: Any | None, objective: specs.Objective, texts: Texts, totals: Totals
) -> tuple[dict[str, Any], Gates]:
    """A Pair per batch, by its name in Texts."""
    forgotten, kept = OBJECTIVES[objective.name].reference, retain_term(objective)[1]
    asked: dict[str, tuple[Batch | Pack, int, Known]] = {
        name: (batch, labels, known)
        for name, batch, labels, known in (
            ("refusals", texts.refusals, totals.refusal_labels, forgotten),
            ("answers", texts.answers, totals.answer_labels, forgotten),
            ("retain", texts.retain, totals.retain_labels, kept),
        )
        if batch is not None
    }
    batches, labels, _ = zip(*asked.values(), strict=True)
    found = dict(zip(asked, scored(carrier, batches, totals.rows, labels), strict=True))
    pairs = {
        name: Pair(found[name][0], reference_scores(reference, batch, known) if known else None)
        for name, (batch, _, known) in asked.items()
    }
    return pairs, {name: gate_logits for name, (_, gate_logits) in found.items()}


def _state_pairs(
    carrier: Carrier,
    reference: Any | None,
    objective: specs.Objective,
    texts: Texts,
    totals: Totals,
    control: Float[Tensor, " width"] | None,
) -> tuple[dict[str, Any], Gates]:
    """Of rmu a StatePair: states of the forget texts beside the control vector, of the retain texts beside the reference's."""
    assert objective.layer is not None, "config.study refuses rmu without a layer"
    assert control is not None
    pairs, gates = {}, {}
    for name, batch, tokens in (
        ("answers", texts.answers, totals.answer_labels),
        ("retain", texts.retain, totals.retain_labels),
    ):
        if batch is None:
            continue
        assert isinstance(batch, Batch), "states are read on the plain path"
        output = carrier.states(batch, objective.layer)
        steered = name == "answers"
        wanted = control[None].to(batch.labels.device) if steered else _reference_states(reference, batch, objective)
        pairs[name] = StatePair(output.hidden[selected(batch, objective.rmu_positions)], wanted, tokens)
        gates[name] = output.gate_logits
    return pairs, gates


def shares_of(
    carrier: Carrier,
    reference: Any | None,
    objective: specs.Objective,
    carrier_spec: specs.Carrier,
    parts: Sequence[Texts],
    control: Float[Tensor, " width"] | None,
) -> list[Share]:
    """Of a step that is cut into `parts`: each one's share of the step's loss, with its FLOPs."""
    totals, shapes = totals_of(objective, parts), Shapes.of_model(carrier.base.config)
    return [
        Share(
            partial(step_loss, carrier, reference, objective, carrier_spec, part, totals, control),
            step_flops(shapes, objective, carrier_spec, part),
        )
        for part in parts
    ]


def step_flops(shapes: Shapes, objective: specs.Objective, carrier: specs.Carrier, texts: Texts) -> float:
    """FLOPs of `step_loss` and its gradient, with what is read of the model before unlearning; costs/flops.py counts."""
    total = 0.0
    kept = retain_term(objective)[1]
    forgotten = OBJECTIVES[objective.name].reference
    for batch, known in ((texts.answers, forgotten), (texts.refusals, forgotten), (texts.retain, kept)):
        if batch is None:
            continue
        packed = isinstance(batch, Pack)
        total += flops.training(shapes, carrier, objective.layer, packed).flops(batch.extent)
        if known == "states" and objective.layer is not None:
            total += flops.forward(shapes, objective.layer + 1).flops(batch.extent)
        elif known == "logits" and packed:
            total += flops.head_only(shapes).flops(batch.extent)
        elif known and not packed and (known == "logits" or batch.reference_nll is None):
            total += flops.forward(shapes).flops(batch.extent)
    return total


def _gate_term(carrier: specs.Carrier, gates: Gates, totals: Totals) -> Tensor | float:
    if not carrier.gate_weight:
        return 0.0
    form, forget = carrier.gate_loss or "logits", gates.get("answers") or gates["refusals"]
    return carrier.gate_weight * gate_bce(forget, gates["retain"], form, totals.gated_rows)


@torch.no_grad()
def _reference_states(model: Any, batch: Batch, objective: specs.Objective) -> Tensor:
    assert objective.layer is not None
    return block_output(model, batch.inputs(), objective.layer)[selected(batch, objective.rmu_positions)]
