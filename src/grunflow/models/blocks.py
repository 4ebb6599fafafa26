"""Architecture -> where its decoder blocks are. A row: model_type of the config -> dotted path of the list."""

from typing import Any

from torch import nn

from grunflow.errors import BadInput, unknown_name

BLOCKS = {
    "llama": "model.layers",
    "mistral": "model.layers",
    "qwen2": "model.layers",
    "gemma2": "model.layers",
    "gpt_neox": "gpt_neox.layers",
}


def blocks(model: Any) -> nn.ModuleList:
    kind = model.config.model_type
    if kind not in BLOCKS:
        raise BadInput(unknown_name("architecture", kind, BLOCKS))
    return model.get_submodule(BLOCKS[kind])  # type: ignore[return-value]


def block(model: Any, layer: int) -> nn.Module:
    """Decoder block `layer`, counted from 0."""
    found = blocks(model)
    if not 0 <= layer < len(found):
        raise BadInput(f"layers: got {layer}, expected 0 to {len(found) - 1}: the model has {len(found)} blocks.")
    return found[layer]
