"""RMU's terms against their formulas, and what is run and trained for them."""

import pytest
import torch

from grunflow.carriers.stack import Stack
from grunflow.data.batching import Batch
from grunflow.errors import BadInput
from grunflow.fixtures.parts import carried, objective
from grunflow.models.blocks import block_output
from grunflow.objectives import retain
from grunflow.objectives.states import StatePair, control_vector, selected
from grunflow.training.step import Texts, step_loss, totals_of

RMU = objective("rmu", layer=1, steering=5.0, retain_weight=3.0)


def test_both_terms_are_mean_squared_distances() -> None:
    generator = torch.Generator().manual_seed(0)
    current, wanted, control = (torch.randn(n, 8, generator=generator) for n in (6, 6, 1))
    expected = ((current.double() - control.double()) ** 2).mean()
    kept = ((current.double() - wanted.double()) ** 2).mean()
    assert float(RMU.forget(StatePair(current, control, 6), None, RMU.spec)) == pytest.approx(float(expected), rel=1e-6)
    assert float(retain.match(StatePair(current, wanted, 6), RMU.spec)) == pytest.approx(float(kept), rel=1e-6)
    total = RMU.loss(StatePair(current, control, 6), None, StatePair(current, wanted, 6))
    assert float(total) == pytest.approx(float(expected + 3 * kept), rel=1e-6)


def test_the_control_vector_is_positive_long_as_asked_and_the_seeds_own() -> None:
    vector = control_vector(32, 6.5, 1)
    assert bool((vector >= 0).all())
    assert float(vector.norm()) == pytest.approx(6.5, rel=1e-6)
    assert torch.equal(vector, control_vector(32, 6.5, 1))
    assert not torch.equal(vector, control_vector(32, 6.5, 2))


def test_a_blocks_output_is_transformers_hidden_state_and_no_deeper_block_runs(make_model, batch) -> None:
    model, other, ran = make_model(), make_model(), []  # transformers leaves hooks of its own for hidden_states
    for index, module in enumerate(model.model.layers):
        module.register_forward_pre_hook(lambda *_, index=index: ran.append(index))
    with torch.no_grad():
        wanted = other(**batch.inputs(), output_hidden_states=True).hidden_states[2]
        assert torch.equal(block_output(model, batch.inputs(), 1), wanted)
    assert ran == [0, 1]
    assert not any(module._forward_hooks for module in model.model.layers)


def test_positions_name_the_tokens_that_are_read(batch) -> None:
    assert int(selected(batch, "all").sum()) == 27
    assert int(selected(batch, "tokens").sum()) == 9 + 6 + 7
    assert int(selected(batch, "labels").sum()) == 4 + 3 + 1


def test_only_the_named_parameters_of_the_named_blocks_are_trained_and_restored(make_model, batch, tmp_path) -> None:
    named = {"layers": (0, 1), "parameters": "mlp.down_proj.weight"}
    reference, stack = Stack(make_model()), carried(make_model(), "full", **named)
    assert len(stack.trained()) == 2
    texts, control = Texts(batch, None, batch), control_vector(32, 5.0, 0)
    step_loss(stack, reference, RMU, texts, None, control).backward()
    assert all(parameter.grad is not None and parameter.grad.norm() > 0 for parameter in stack.trained())
    assert sum(p.grad is not None for p in stack.model.parameters()) == 2
    with torch.no_grad():
        for parameter in stack.trained():
            parameter.add_(0.1)
    stack.save(tmp_path)
    again = Stack(make_model())
    again.restore(tmp_path)
    assert again.top.spec.model_dump_json() == stack.top.spec.model_dump_json()
    assert torch.equal(again.forward(batch).logits, stack.forward(batch).logits)
    with pytest.raises(BadInput, match=r"carriers\.parameters: got 'mlp\.down', expected .*mlp\.down_proj\.weight"):
        carried(make_model(), "full", layers=(0,), parameters="mlp.down")


def test_micro_batches_add_up_to_the_whole_step(make_model, batch) -> None:
    stack = carried(make_model(), "grun", rank=2, layers=(0, 1, 3), gate="linear", gate_weight=10)
    control, reference = control_vector(32, 5.0, 0), stack.view(0)
    whole = step_loss(stack, reference, RMU, Texts(batch, None, batch), None, control)
    rows = [
        Batch(*(part[i : i + 1] for part in (batch.input_ids, batch.attention_mask, batch.labels, batch.positions)))
        for i in range(3)
    ]
    parts = [Texts(row, None, row) for row in rows]
    totals = totals_of(RMU, parts)
    summed = sum(step_loss(stack, reference, RMU, part, totals, control) for part in parts)
    assert summed.item() == pytest.approx(whole.item(), rel=1e-5)
