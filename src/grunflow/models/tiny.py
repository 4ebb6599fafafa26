"""A Llama from scratch, for studies without a hub."""

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from grunflow.config.specs import Architecture


def build(architecture: Architecture, tokenizer, seed: int) -> LlamaForCausalLM:
    """A randomly initialised float32 Llama with tied embeddings and the tokenizer's vocabulary.

    The feed-forward width is 8/3 of the hidden size, as in Llama, rounded up to a multiple of 8.
    """
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=architecture.hidden_size,
        intermediate_size=-(-architecture.hidden_size // 3) * 8,
        num_hidden_layers=architecture.layers,
        num_attention_heads=architecture.heads,
        max_position_embeddings=architecture.positions,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return LlamaForCausalLM(config)
