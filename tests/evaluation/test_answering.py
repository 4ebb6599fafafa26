"""The fast path of evaluation against the plain one: equal scores, gates, single tokens and greedy texts."""

import logging
from typing import Any

import numpy as np
import pytest
import torch

from grunflow.carriers.stack import Stack
from grunflow.config.parts import CarrierSpec
from grunflow.data.prompts import Example
from grunflow.evaluation.answering import Asker
from grunflow.interventions.packed import PACKABLE
from tests.parts import carrier as carrier_spec

CARRIERS = {
    "full": carrier_spec("full"),
    "lora": carrier_spec("lora", rank=2, alpha=8, dropout=0.5),
    "reft": carrier_spec("reft", rank=3, layers=(0, 3)),
    "grun": carrier_spec("grun", rank=3, layers=(1, 4), gate="linear", gate_weight=1),
}


def on_top(spec: CarrierSpec, model: Any, seed: int = 0) -> Stack:
    stack = Stack(model)
    stack.attach(spec, seed)
    return stack


class Words:
    """A tokenizer's half that evaluation reads: token 7 ends an answer."""

    pad_token_id, eos_token_id = 0, 7

    def decode(self, ids: list[int], **ignored: Any) -> str:
        return " ".join(map(str, ids))


def model_of(kind: str, **more: Any) -> Any:
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    config = AutoConfig.for_model(
        kind, vocab_size=40, hidden_size=32, intermediate_size=64, num_hidden_layers=5, num_attention_heads=4,
        num_key_value_heads=2, eos_token_id=7, pad_token_id=0, bos_token_id=None, initializer_range=0.3, **more,
    )  # fmt: skip
    return AutoModelForCausalLM.from_config(config).eval()


def questions() -> tuple[list[Example], list[int]]:
    """Nine prompts of 2 to 20 tokens, one to seven answers each (some of eos alone); the first answer's index of each."""
    generator = torch.Generator().manual_seed(1)
    examples, firsts = [], []
    for number in range(9):
        prompt = torch.randint(8, 40, (2 + number * 2,), generator=generator).tolist()
        firsts.append(len(examples))
        for length in torch.randint(0, 15, (1 + number % 7,), generator=generator).tolist():
            answer = torch.randint(8, 40, (length,), generator=generator).tolist()
            examples.append(Example([*prompt, *answer, 7], len(prompt)))
    return examples, firsts


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("kind", PACKABLE)
def test_the_fast_path_equals_the_plain_one(kind: str, carrier: str) -> None:
    examples, firsts = questions()
    attached = on_top(CARRIERS[carrier], model_of(kind), 3)
    attached.model.eval()
    plain, texts = Asker(attached, Words(), "plain", 12, 4).ask(examples, firsts, firsts)
    ended = [len(text.split()) < 12 for text in texts]
    for size in (2, 64):
        fast, generated = Asker(attached, Words(), "fast", 12, size).ask(examples, firsts, firsts)
        torch.testing.assert_close(fast.nll_sum, plain.nll_sum, rtol=1e-5, atol=1e-5)
        assert torch.equal(fast.n_labels, plain.n_labels)
        torch.testing.assert_close(fast.gates, plain.gates, rtol=1e-5, atol=1e-6)
        assert generated == texts
        for got, want in zip(fast.tokens, plain.tokens, strict=True):
            np.testing.assert_allclose(got.log_p, want.log_p, rtol=1e-4, atol=1e-5)
            np.testing.assert_array_equal(got.correct, want.correct)
    assert len(set(texts)) > 3  # the model says something, and not always the same
    if kind == "llama":
        assert any(ended) and not all(ended)  # noqa: PT018


def test_a_prompt_that_was_asked_twice_is_answered_twice() -> None:
    examples, firsts = questions()
    attached = on_top(CARRIERS["full"], model_of("llama"))
    _, once = Asker(attached, Words(), "fast", 5, 64).ask(examples, firsts)
    _, twice = Asker(attached, Words(), "fast", 5, 64).ask(examples, [*firsts, *firsts])
    assert twice == once + once


def test_where_the_fast_path_does_not_apply_the_plain_one_runs_and_says_why(caplog: pytest.LogCaptureFixture) -> None:
    examples, firsts = questions()
    windowed = on_top(CARRIERS["grun"], model_of("mistral", sliding_window=8))
    with caplog.at_level(logging.INFO):
        Asker(windowed, Words(), "fast", 4, 64).ask(examples, firsts)
    assert "fills the model's window of 8" in caplog.text


def test_what_a_models_own_generation_config_asks_for_changes_no_answer() -> None:
    """A repetition penalty in generation_config.json: `generate` fills it in, the fast engine reads none of it."""
    examples, firsts = questions()
    model = model_of("llama")
    model.generation_config.repetition_penalty = 1.5
    stack = on_top(CARRIERS["grun"], model)
    plain, fast = (Asker(stack, Words(), engine, 12, 4).ask(examples, firsts)[1] for engine in ("plain", "fast"))
    assert plain == fast
    assert model.generation_config.repetition_penalty == 1.5
