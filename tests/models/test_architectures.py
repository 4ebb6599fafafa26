"""Every causal LM that transformers loads: the edit acts on other architectures, and batching changes no score."""

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from grunflow.data.batching import collate
from grunflow.data.prompts import Example
from grunflow.evaluation.scoring import likelihoods
from grunflow.fixtures.parts import carried
from grunflow.models.blocks import BLOCKS, blocks

SMALL = {"vocab_size": 64, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4}
EXTRA = {
    "gemma2": {"head_dim": 8, "num_key_value_heads": 2},
    "qwen2": {"num_key_value_heads": 2},
    "mistral": {"num_key_value_heads": 2, "head_dim": 8},
}
KEYS = {
    "full": {},
    "lora": {"rank": 2, "alpha": 4, "dropout": 0.0},
    "grun": {"rank": 2, "layers": (1, 2), "gate": "linear", "gate_weight": 1},
}


def tiny(kind: str):
    torch.manual_seed(0)
    config = AutoConfig.for_model(kind, **SMALL, **EXTRA.get(kind, {}), pad_token_id=0, bos_token_id=1, eos_token_id=2)
    return AutoModelForCausalLM.from_config(config).eval()


def examples(count: int = 6) -> list[Example]:
    generator = torch.Generator().manual_seed(0)
    return [Example(torch.randint(3, 64, (8 + i,), generator=generator).tolist(), 4 + i % 3) for i in range(count)]


@pytest.mark.parametrize("kind", BLOCKS)
@pytest.mark.parametrize("carrier", KEYS)
def test_scores_do_not_depend_on_the_batch(kind: str, carrier: str) -> None:
    model = tiny(kind)
    assert len(blocks(model)) == 3
    stack = carried(model, carrier, **KEYS[carrier])
    stack.model.eval()
    one, many = (likelihoods(stack, examples(), 0, size) for size in (1, 6))
    torch.testing.assert_close(one.nll_sum, many.nll_sum, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(one.gates, many.gates, rtol=1e-5, atol=1e-5)
    alone = likelihoods(stack, examples()[:1], 0, 6)
    torch.testing.assert_close(alone.nll_sum[0], many.nll_sum[0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", BLOCKS)
def test_an_edit_acts_on_every_architecture_on_either_side_of_padding(kind: str) -> None:
    model = tiny(kind)
    right, left = (collate(examples(), 0, side=side) for side in ("right", "left"))
    rows = torch.arange(6)
    before = model(**right.inputs()).logits[rows, right.positions]
    stack = carried(model, "reft", rank=2, layers=(1,))
    edited = stack.forward(right).logits[rows, right.positions]
    assert (edited - before).abs().max() > 1e-4
    torch.testing.assert_close(stack.forward(left).logits[rows, left.positions], edited, rtol=1e-4, atol=1e-5)
