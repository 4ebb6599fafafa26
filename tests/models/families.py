"""Tiny random models of every supported architecture, and a tokenizer beside them."""

from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

WORDS = 64
SMALL = {
    "vocab_size": WORDS, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
    "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
GROUPED = {"intermediate_size": 48, "num_key_value_heads": 2}
EXPERTS = {"num_experts_per_tok": 2, "moe_intermediate_size": 16, "shared_expert_intermediate_size": 16}
OWN: dict[str, dict[str, Any]] = {
    **{kind: {**GROUPED, "head_dim": 8} for kind in ("gemma", "gemma2", "gemma3_text", "qwen3")},
    "phi": {"intermediate_size": 48},
    "gpt_neox": {"intermediate_size": 48},
    "gpt2": {},
    "bloom": {},
    "opt": {"ffn_dim": 48, "word_embed_proj_dim": 16, "max_position_embeddings": 64},
    "mixtral": {**GROUPED, "num_local_experts": 2, "num_experts_per_tok": 2},
    "qwen2_moe": {**GROUPED, **EXPERTS, "num_experts": 2},
}
GROUPED_ONLY = ("apertus", "arcee", "cohere2", "exaone4", "nemotron", "olmo", "olmo3", "smollm3", "starcoder2")
WITH_HEAD_DIM = ("ernie4_5", "glm", "glm4", "helium", "hunyuan_v1_dense", "ministral", "seed_oss")
# Tried by `make test-all`.
RARER: dict[str, dict[str, Any]] = {
    **{kind: GROUPED for kind in GROUPED_ONLY},
    **{kind: {**GROUPED, "head_dim": 8} for kind in WITH_HEAD_DIM},
    **{kind: {"intermediate_size": 48} for kind in ("biogpt", "persimmon")},
    "gpt_bigcode": {},
    "mpt": {},
    "falcon": {"alibi": False},
    "gptj": {"rotary_dim": 4, "n_inner": 48},
    "codegen": {"rotary_dim": 4},
    "gpt_neo": {"attention_types": [[["global", "local"], 1]], "max_position_embeddings": 64},
    "xglm": {"ffn_dim": 48, "max_position_embeddings": 64},
    "granitemoe": {**GROUPED, "num_local_experts": 2, "num_experts_per_tok": 2},
    "olmoe": {**GROUPED, **EXPERTS, "num_experts": 2},
    "qwen3_moe": {**GROUPED, **EXPERTS, "num_experts": 2, "head_dim": 8},
}
OWN |= RARER
VISION = {
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 28,
}
UNTIED = ("gpt_neox", "llama", "mixtral", "phi")


def config_of(kind: str, **keys: Any) -> Any:
    if kind == "gemma3":
        text = {**SMALL, **OWN["gemma3_text"], **keys, "model_type": "gemma3_text"}
        return AutoConfig.for_model(kind, text_config=text, vision_config=VISION, mm_tokens_per_image=1, **keys)
    return AutoConfig.for_model(kind, **{**SMALL, **OWN.get(kind, GROUPED), **keys})


def tiny(kind: str, **keys: Any) -> Any:
    torch.manual_seed(0)
    tied = {} if kind == "gemma3" else {"tie_word_embeddings": kind not in UNTIED}
    return AutoModelForCausalLM.from_config(config_of(kind, **{**tied, **keys})).eval()


def words(count: int = WORDS, **special: str) -> PreTrainedTokenizerFast:
    known = ["<pad>", "<bos>", "<eos>", "<unk>", *(f"w{i}" for i in range(4, count))]
    inner = Tokenizer(models.WordLevel({word: at for at, word in enumerate(known)}, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=inner, unk_token="<unk>", **special)
