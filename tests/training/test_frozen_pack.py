"""The fast path against the plain one: equal scores, gates and gradients, on every architecture that can be packed."""

import pytest
import torch

from grunflow.carriers.stack import Stack
from grunflow.data.batching import collate
from grunflow.data.prompts import Example
from grunflow.interventions.packed import PACKABLE
from grunflow.models.scores import score
from grunflow.training.frozen_pack import pack, packed_forward
from grunflow.training.frozen_states import frozen_rows
from tests.parts import carrier


def model_of(kind: str):
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    config = AutoConfig.for_model(
        kind, vocab_size=64, hidden_size=32, intermediate_size=64, num_hidden_layers=5, num_attention_heads=4,
        num_key_value_heads=2, eos_token_id=0, pad_token_id=0, bos_token_id=None, initializer_range=0.3,
    )  # fmt: skip
    return AutoModelForCausalLM.from_config(config).eval()


def some_examples(count: int = 11) -> list[Example]:
    generator = torch.Generator().manual_seed(1)
    lengths = torch.randint(4, 30, (count,), generator=generator).tolist()
    return [Example(torch.randint(3, 64, (n,), generator=generator).tolist(), 1 + n // 3) for n in lengths]


@pytest.mark.parametrize("layers", [(1, 2, 4), (0, 3), (4,)])
@pytest.mark.parametrize("kind", PACKABLE)
def test_scores_gates_and_gradients_equal_the_plain_paths(kind: str, layers: tuple[int, ...]) -> None:
    model, examples = model_of(kind), some_examples()
    stack = Stack(model)
    stack.attach(carrier("grun", rank=3, layers=layers, gate="linear", gate_weight=1), 0)
    batch = collate(examples, 0)
    output = stack.forward(batch)
    plain = score(output.logits, batch.labels)
    weights = torch.rand(len(examples), generator=torch.Generator().manual_seed(2))
    (plain.nll_sum @ weights + sum(gate.sum() for gate in output.gate_logits)).backward()
    expected = [parameter.grad.clone() for parameter in stack.trained()]
    for parameter in stack.trained():
        parameter.grad = None

    rows = dict(frozen_rows(model, examples, min(layers), 0, 4))
    # Two packs of unequal size, which run together.
    packs = [pack([rows[index] for index in part], model.device) for part in (range(8), range(8, len(examples)))]
    outputs = packed_forward(model, stack.edits, packs)
    sums = torch.cat([
        torch.zeros(packed.n_rows).index_add(
            0, packed.row, torch.nn.functional.cross_entropy(logits, packed.labels, reduction="none")
        )
        for packed, (logits, _) in zip(packs, outputs, strict=True)
    ])  # fmt: skip
    gates = [torch.cat(parts) for parts in zip(*(opened for _, opened in outputs), strict=True)]
    torch.testing.assert_close(sums, plain.nll_sum, rtol=1e-5, atol=1e-5)
    for got, want in zip(gates, output.gate_logits, strict=True):
        torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-5)
    (sums @ weights + sum(gate.sum() for gate in gates)).backward()
    for parameter, want in zip(stack.trained(), expected, strict=True):
        assert (parameter.grad - want).norm() <= 1e-5 * want.norm() + 1e-7
    assert model.config._attn_implementation == "sdpa"


def test_frozen_logits_follow_from_the_final_states() -> None:
    model, examples = model_of("llama"), some_examples(3)
    rows = dict(frozen_rows(model, examples, 2, 0, 2))
    batch = collate(examples, 0)
    with torch.no_grad():
        want = score(model(**batch.inputs()).logits, batch.labels)
        got = torch.cat([model.lm_head(rows[index].final) for index in range(3)])
    torch.testing.assert_close(got, want.logits, rtol=1e-5, atol=1e-5)
