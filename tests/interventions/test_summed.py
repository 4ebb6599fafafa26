"""Edits of several runs that act as one: the authors' sum by hand, and what must hold of any sum."""

from itertools import permutations

import pytest
import torch

from grunflow.interventions.gated import GatedLoReFT
from grunflow.interventions.summed import SummedEdit

WIDTH = 12


@pytest.fixture
def edits() -> list[GatedLoReFT]:
    torch.manual_seed(0)
    return [GatedLoReFT(WIDTH, 3, "linear").requires_grad_(False) for _ in range(3)]


@pytest.fixture
def states() -> torch.Tensor:
    return torch.randn(7, WIDTH, generator=torch.Generator().manual_seed(1))


def test_one_edit_with_factor_one_is_the_edit_bit_for_bit(edits: list[GatedLoReFT], states: torch.Tensor) -> None:
    alone, summed = edits[0].edit(states), SummedEdit(edits[:1], 1.0).edit(states)
    assert torch.equal(summed.hidden, alone.hidden)
    assert torch.equal(summed.gate_logit, alone.gate_logit)


def test_the_order_of_edits_is_irrelevant_to_the_bit(edits: list[GatedLoReFT], states: torch.Tensor) -> None:
    first, *others = (SummedEdit(order, 2.4).edit(states) for order in permutations(edits))
    for other in others:
        assert torch.equal(other.hidden, first.hidden)
        assert torch.equal(other.gate_logit, first.gate_logit)


def test_every_edit_reads_the_same_state(edits: list[GatedLoReFT], states: torch.Tensor) -> None:
    """h + (0.6 N + 0.6) sum_i (R_i^T (W_i h + b_i - R_i h)) sigmoid(gate_i(h)), as in the authors' loop (b59fd78)."""
    expected = states.double()
    for edit in edits:
        rotation, source = edit.loreft.rotation.weight.double(), edit.loreft.learned_source.double()
        gate = torch.nn.Linear(WIDTH, 1).double()
        gate.load_state_dict({name.split(".")[-1]: value for name, value in edit.gate.state_dict().items()})
        change = (source(states.double()) - states.double() @ rotation) @ rotation.T
        expected = expected + (0.6 * 3 + 0.6) * change * torch.sigmoid(gate(states.double()))
        edit.loreft.learned_source.float()
    found = SummedEdit(edits, 0.6 * 3 + 0.6).edit(states).hidden
    torch.testing.assert_close(found, expected.float(), rtol=1e-5, atol=1e-5)


def test_edits_without_a_gate_are_added_up_too(states: torch.Tensor) -> None:
    torch.manual_seed(0)
    edits = [GatedLoReFT(WIDTH, 2, None).requires_grad_(False) for _ in range(2)]
    found = SummedEdit(edits, 1.5).edit(states)
    assert found.gate_logit is None
    changes = [edit.edit(states).hidden - states for edit in edits]
    torch.testing.assert_close(found.hidden, states + 1.5 * sum(changes))
