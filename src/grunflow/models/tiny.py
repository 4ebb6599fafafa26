"""A Llama from scratch, for studies without a hub."""

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from grunflow.config.models import Architecture
from grunflow.models.generators import forked
from grunflow.models.widths import feed_forward

# Parameters of one of its blocks.
BLOCK = (
    "input_layernorm.weight", "mlp.down_proj.weight", "mlp.gate_proj.weight", "mlp.up_proj.weight",
    "post_attention_layernorm.weight", "self_attn.k_proj.weight", "self_attn.o_proj.weight", "self_attn.q_proj.weight",
    "self_attn.v_proj.weight",
)  # fmt: skip


def build(architecture: Architecture, tokenizer, seed: int) -> LlamaForCausalLM:
    """A randomly initialised float32 Llama with the tokenizer's vocabulary."""
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=architecture.hidden_size,
        intermediate_size=feed_forward(architecture),
        num_hidden_layers=architecture.layers,
        num_attention_heads=architecture.heads,
        num_key_value_heads=architecture.kv_heads or architecture.heads,
        max_position_embeddings=architecture.positions,
        tie_word_embeddings=architecture.tied,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with forked():
        torch.manual_seed(seed)
        return LlamaForCausalLM(config)
