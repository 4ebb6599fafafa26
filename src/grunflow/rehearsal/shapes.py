"""Which architecture a model of the sheet has, and a narrow config of it: as many blocks, everything else small."""

import re
from typing import Any

from transformers import AutoConfig
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from grunflow.config.models import Architecture, Model
from grunflow.models.blocks import SUPPORTED
from grunflow.models.loading import NO_CODE

HEADS, HEAD = 4, 16  # attention heads, and the width of one; the model is as wide as all of them
FALLBACK = "llama"  # what the sheet's shape describes by itself (models/tiny.py)
# Keys of configs -> their narrow values, where a config has them; `width` stands for the model's.
VISION = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
EXPERTS = {"num_local_experts": 4, "num_experts": 4, "n_routed_experts": 4, "num_experts_per_tok": 2}
SMALL = {
    "intermediate_size",
    "ffn_dim",
    "ffn_hidden_size",
    "n_inner",
    "moe_intermediate_size",
    "shared_expert_intermediate_size",
}
ROTARY = "rotary_dim"


def config_of(model: Model) -> tuple[Any, str]:
    """The config of a model, and where it is from: the cache, or the sheet's shape and what the repository's name says."""
    assert model.repo is not None, "a model from scratch is not narrowed"
    try:
        found = AutoConfig.from_pretrained(model.repo, revision=model.revision, local_files_only=True, **NO_CODE)
        return found, f"its own config ({found.model_type})"
    except (OSError, ValueError):
        kind, why = guessed(model.repo)
        return _of_shape(kind, model.architecture), f"the sheet's shape as {kind!r}, {why}"


def guessed(repo: str) -> tuple[str, str]:
    """The architecture whose name stands in the repository's, the longest one; and why it was taken."""
    plain = re.sub("[^a-z0-9]", "", repo.lower())
    named = [kind for kind in SUPPORTED if re.sub("[^a-z0-9]", "", kind) in plain]
    return (max(named, key=len), "by its name") if named else (FALLBACK, "for its name says none")


def _of_shape(kind: str, shape: Architecture) -> Any:
    """The architecture's default config with the sheet's blocks and heads."""
    config = CONFIG_MAPPING[kind]()
    text = config.get_text_config(decoder=True)
    set_where_known(
        text,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads or shape.heads,
        layer_types=None,
        attention_types=[[["global"], shape.layers]],
        attention_layers=["global"] * shape.layers,
    )
    text.tie_word_embeddings = config.tie_word_embeddings = shape.tied
    return type(config)(**config.to_dict())  # what follows from the number of blocks, as kinds of them, is made anew


def set_where_known(config: Any, **values: Any) -> None:
    """Set keys that the config has, under its own names for them."""
    for key, value in values.items():
        derived = isinstance(getattr(type(config), key, None), property)
        if hasattr(config, key) and not derived:
            setattr(config, key, value)


def narrowed(config: Any, vocabulary: int, tokenizer: Any, least_width: int = 1) -> Any:
    """The config with narrow blocks, in place.

    Args:
        vocabulary: entries of the embedding.
        tokenizer: whose special tokens the config names.
        least_width: of the model, for edits of that rank.
    """
    text = config.get_text_config(decoder=True)
    head = max(HEAD, 2 * -(-least_width // (2 * HEADS)))
    width = HEADS * head
    heads, grouped = getattr(text, "num_attention_heads", HEADS), getattr(text, "num_key_value_heads", None)
    set_where_known(
        text, hidden_size=width, num_attention_heads=HEADS, head_dim=head, word_embed_proj_dim=width, vocab_size=vocabulary,
        num_key_value_heads=max(1, HEADS * (grouped or heads) // heads), **dict.fromkeys(SMALL, 2 * width), **EXPERTS,
    )  # fmt: skip
    if getattr(text, ROTARY, None):
        setattr(text, ROTARY, head // 2)
    for part in {id(text): text, id(config): config}.values():
        for name in ("bos", "eos", "pad"):
            setattr(part, f"{name}_token_id", getattr(tokenizer, f"{name}_token_id"))
    for name in config.sub_configs if config is not text else ():
        part = getattr(config, name)
        if part is not text:
            set_where_known(part, **VISION)
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    return config
