"""A tiny random Llama and a padded batch: no download."""

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")
# Tiny tensors: a second thread only waits, and beside other work it waits for minutes.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
import torch


@pytest.fixture
def make_model():
    """A function that builds the same model each time it is called (pyvene needs an instance of its own)."""
    from transformers import LlamaConfig, LlamaForCausalLM

    def build():
        torch.manual_seed(0)
        config = LlamaConfig(
            vocab_size=64, hidden_size=32, intermediate_size=64, num_hidden_layers=4, num_attention_heads=4,
            tie_word_embeddings=True, bos_token_id=None, eos_token_id=0, pad_token_id=0,
        )  # fmt: skip
        return LlamaForCausalLM(config).eval()

    return build


@pytest.fixture
def batch():
    """Three rows of 9, 6 and 7 tokens, right-padded; prompts end at 4, 2 and 5."""
    from grunflow.data.batching import collate
    from grunflow.data.prompts import Example

    generator = torch.Generator().manual_seed(1)
    rows = [(9, 5), (6, 3), (7, 6)]
    return collate(
        [Example(torch.randint(3, 64, (n,), generator=generator).tolist(), prompt) for n, prompt in rows], pad_id=0
    )
