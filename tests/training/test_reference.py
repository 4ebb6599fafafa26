"""The model before unlearning: adapters on it are switched off for a call, and all is as it was behind it."""

import copy
from typing import Any

import pytest
import torch

from grunflow.carriers.stack import Stack
from grunflow.objectives.loading import objective as load
from grunflow.training.reference import Before, reference_of
from grunflow.training.step import step_loss
from tests.parts import carrier as carrier_spec
from tests.parts import objective as objective_spec
from tests.training.test_step import goal_of, texts

LORA = carrier_spec("lora", rank=2, alpha=4, dropout=0.1)
KL = {"retain": "kl"}


def moved(stack: Stack) -> Stack:
    """As after some steps."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in stack.trained():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    return stack


@pytest.mark.parametrize("beneath", [0, 1], ids=["on the model", "on other adapters"])
def test_adapters_are_their_own_reference(make_model, beneath: int) -> None:
    start = Stack(make_model())
    for _ in range(beneath):
        start.attach(LORA, 5)
        moved(start).top.freeze()
    goal = load(objective_spec("gd", **KL))
    kept = copy.deepcopy(start)
    kept.model.eval()
    reference = reference_of(goal, LORA, start, "fast")
    assert isinstance(reference, Before)
    start.attach(LORA, 0)
    moved(start).model.train()
    trained = {name for name, value in start.model.named_parameters() if value.requires_grad}
    batch = texts(goal).answers
    with torch.no_grad(), reference.undisturbed():
        assert torch.equal(reference.forward(batch).logits, kept.forward(batch).logits)
    assert not torch.equal(start.forward(batch).logits, kept.forward(batch).logits)
    assert start.model.training
    assert {name for name, value in start.model.named_parameters() if value.requires_grad} == trained


@pytest.mark.parametrize(
    ("objective", "keys"), [("gd", KL), ("kl", {}), ("undial", {}), ("rmu", {"layer": 3, "steering": 5.0})]
)
def test_loss_and_gradients_are_those_beside_a_copy(make_model, objective: str, keys: dict[str, Any]) -> None:
    goal = load(objective_spec(objective, **keys))
    spec = carrier_spec("lora", rank=2, alpha=4, dropout=0.0)
    control = torch.ones(32) if goal.states else None
    found = []
    for shared in (True, False):
        start = Stack(make_model())
        copied = Stack(copy.deepcopy(start.model).eval())
        reference = reference_of(goal, spec, start, "plain")
        start.attach(spec, 0)
        loss = step_loss(
            moved(start), reference if shared else copied, goal, texts(goal_of(objective)), control=control
        )
        loss.backward()
        found.append([loss.detach(), *(parameter.grad for parameter in start.trained())])
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))
    assert any(gradient.abs().max() > 0 for gradient in found[0][1:])
