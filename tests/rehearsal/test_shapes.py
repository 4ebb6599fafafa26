"""Narrow models of every supported architecture: as many blocks, a pass runs."""

import pytest
import torch
from transformers import AutoModelForCausalLM

from grunflow.config.models import Architecture, Model
from grunflow.models.blocks import SUPPORTED, blocks, text_config, width
from grunflow.rehearsal.models import made_tokenizer
from grunflow.rehearsal.shapes import config_of, guessed, narrowed
from tests.models.families import RARER

LAYERS = 5
SHAPE = Architecture(hidden_size=4096, layers=LAYERS, heads=32, kv_heads=8, tied=False)
kinds = pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=pytest.mark.slow if kind in RARER else ()) for kind in SUPPORTED]
)


@pytest.fixture(scope="module")
def tokenizer():
    return made_tokenizer()


@kinds
@pytest.mark.filterwarnings("ignore")  # of the real configs, whose special tokens lie beyond the vocabulary
def test_a_narrow_model_has_the_blocks_of_the_wide_one(kind: str, tokenizer) -> None:
    config, told = config_of(Model(name="m", architecture=SHAPE, repo=f"org/{kind}"))
    model = AutoModelForCausalLM.from_config(narrowed(config, len(tokenizer), tokenizer))
    assert (model.config.model_type, len(blocks(model)), width(model)) == (kind, LAYERS, 64)
    assert kind in told
    assert model.num_parameters() < 2e7
    assert text_config(model).vocab_size == len(tokenizer)
    ids = torch.tensor([tokenizer("Who wrote book 7?")["input_ids"]])
    with torch.no_grad():
        assert model(input_ids=ids).logits.isfinite().all()


def test_heads_share_keys_as_in_the_wide_model(tokenizer) -> None:
    config, _ = config_of(Model(name="m", architecture=SHAPE, repo="org/Llama-3.1-8B"))
    made = narrowed(config, 300, tokenizer)
    assert (made.num_attention_heads, made.num_key_value_heads, made.tie_word_embeddings) == (4, 1, False)


def test_an_edit_of_a_large_rank_finds_its_width(tokenizer) -> None:
    config, _ = config_of(Model(name="m", architecture=SHAPE, repo="org/Llama-3.1-8B"))
    made = narrowed(config, 300, tokenizer, least_width=100)
    assert made.hidden_size >= 100
    assert made.hidden_size == made.num_attention_heads * made.head_dim


@pytest.mark.parametrize(
    ("repo", "kind"),
    [
        ("meta-llama/Llama-3.1-8B", "llama"),
        ("mistralai/Mistral-7B-v0.1", "mistral"),
        ("Qwen/Qwen2.5-1.5B", "qwen2"),
        ("google/gemma-2-2b", "gemma2"),
        ("microsoft/phi-2", "phi"),
        ("open-unlearning/tofu_Llama-3.2-1B-Instruct_full", "llama"),
        ("HuggingFaceTB/SmolLM2-135M", "llama"),
    ],
)
def test_an_architecture_is_read_from_a_repositorys_name(repo: str, kind: str) -> None:
    assert guessed(repo)[0] == kind


def test_a_made_tokenizer_begins_texts_and_knows_a_chat(tokenizer) -> None:
    assert tokenizer("Who?")["input_ids"][0] == tokenizer.bos_token_id
    assert (
        tokenizer.decode(tokenizer("Who wrote book 7?")["input_ids"], skip_special_tokens=True) == "Who wrote book 7?"
    )
    asked = tokenizer.apply_chat_template([{"role": "user", "content": "Who?"}], add_generation_prompt=True, tokenize=False)  # fmt: skip
    assert asked == "<|user|>Who?\n<|assistant|>"
