"""Every carrier: what it trains, and that a saved one comes back the same."""

import pytest
import torch

from grunflow import carriers
from grunflow.config import names
from grunflow.config.specs import Carrier
from grunflow.errors import BadInput
from grunflow.interventions.gate import GATES

SPECS = {
    "full": Carrier(name="full"),
    "lora": Carrier(name="lora", rank=2, alpha=4, dropout=0.0),
    "reft": Carrier(name="reft", rank=2, layers=(1, 2)),
    "grun": Carrier(name="grun", rank=2, layers=(1, 2), gate="linear", gate_weight=1),
}


def test_the_tables_hold_the_names_a_config_may_use() -> None:
    assert set(carriers.CARRIERS) == set(names.CARRIERS) == set(SPECS)
    assert set(GATES) == set(names.GATES)


@pytest.mark.parametrize("name", names.CARRIERS)
def test_a_saved_carrier_comes_back_with_equal_logits(make_model, batch, tmp_path, name) -> None:
    carrier = carriers.attach(SPECS[name], make_model(), 3)
    with torch.no_grad():
        for parameter in carrier.trained():
            parameter.add_(0.01 * torch.randn_like(parameter))
    carrier.model.eval()
    carriers.save(carrier, SPECS[name], tmp_path)
    restored = carriers.restore(tmp_path, make_model())
    restored.model.eval()
    assert torch.equal(carrier.forward(batch).logits, restored.forward(batch).logits)
    assert not torch.equal(carrier.forward(batch).logits, make_model()(input_ids=batch.input_ids).logits)


def test_a_folder_without_a_carrier_is_never_taken_for_an_unlearned_model(make_model, tmp_path) -> None:
    with pytest.raises(BadInput, match=r"holds no trained carrier .*unlearn again"):
        carriers.restore(tmp_path, make_model())


@pytest.mark.parametrize("name", ["lora", "reft", "grun"])
def test_only_what_is_added_is_trained(make_model, batch, name) -> None:
    model = make_model()
    base = {key: value.clone() for key, value in model.state_dict().items()}
    carrier = carriers.attach(SPECS[name], model, 3)
    optimizer = torch.optim.AdamW(carrier.trained(), lr=0.1, weight_decay=0)
    for _ in range(2):
        carrier.forward(batch).logits.square().mean().backward()
        optimizer.step()
    after = {key.replace("base_model.model.", "").replace("base_layer.", ""): value
             for key, value in carrier.model.state_dict().items()}  # fmt: skip
    for key, value in base.items():
        assert torch.equal(value, after[key]), key
