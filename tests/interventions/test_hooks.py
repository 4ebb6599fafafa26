"""The hook against stock pyvene, and what it must leave alone."""

import pytest
import torch

from grunflow.errors import BadInput
from grunflow.interventions import GatedLoReFT
from grunflow.interventions.hooks import intervene
from grunflow.interventions.pyvene import intervenable, locations

LAYERS = (1, 2, 3)


def edits(gate: str | None) -> dict[int, GatedLoReFT]:
    torch.manual_seed(5)
    return {layer: GatedLoReFT(32, 4, gate) for layer in LAYERS}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("gate", ["linear", "mlp_3", None])
def test_the_hook_equals_pyvene_bit_for_bit(make_model, batch, gate) -> None:
    results = []
    for through_pyvene in (False, True):
        model, mine = make_model(), edits(gate)
        if through_pyvene:
            inputs = {"input_ids": batch.input_ids, "attention_mask": batch.attention_mask}
            where = locations(batch.positions.tolist(), len(LAYERS))
            logits = intervenable(model, mine)(inputs, unit_locations=where)[1].logits
        else:
            with intervene(model, mine, batch.positions):
                logits = model(input_ids=batch.input_ids, attention_mask=batch.attention_mask).logits
        logits.square().sum().backward()
        results.append((logits, [parameter.grad for edit in mine.values() for parameter in edit.parameters()]))
    assert torch.equal(results[0][0], results[1][0])
    for ours, theirs in zip(results[0][1], results[1][1], strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-6, atol=1e-6 * float(theirs.abs().max()))


def test_a_closed_gate_equals_the_base_model_exactly(make_model, batch) -> None:
    model, mine = make_model(), edits("linear")
    for edit in mine.values():
        torch.nn.init.zeros_(edit.gate.weight)
        torch.nn.init.constant_(edit.gate.bias, -1e4)
    plain = model(input_ids=batch.input_ids, attention_mask=batch.attention_mask).logits
    with intervene(model, mine, batch.positions) as gate_logits:
        edited = model(input_ids=batch.input_ids, attention_mask=batch.attention_mask).logits
    assert torch.equal(plain, edited)
    assert [tuple(logit.shape) for logit in gate_logits] == [(3,)] * 3


def test_tokens_before_the_edited_position_do_not_change(make_model, batch) -> None:
    model = make_model()
    plain = model(input_ids=batch.input_ids, attention_mask=batch.attention_mask).logits
    with intervene(model, edits(None), batch.positions):
        edited = model(input_ids=batch.input_ids, attention_mask=batch.attention_mask).logits
    for row, position in enumerate(batch.positions.tolist()):
        assert torch.equal(plain[row, :position], edited[row, :position])
        assert not torch.allclose(plain[row, position], edited[row, position])


def test_hooks_are_gone_after_an_exception(make_model, batch) -> None:
    model = make_model()
    with pytest.raises(KeyError), intervene(model, edits(None), batch.positions):
        raise KeyError
    assert not any(block._forward_hooks for block in model.model.layers)


def test_a_layer_beyond_the_model_is_refused_and_nothing_stays_hooked(make_model, batch) -> None:
    model = make_model()
    wrong = {0: GatedLoReFT(32, 2, None), 9: GatedLoReFT(32, 2, None)}
    with pytest.raises(BadInput, match="expected 0 to 3"), intervene(model, wrong, batch.positions):
        pass
    assert not any(block._forward_hooks for block in model.model.layers)
