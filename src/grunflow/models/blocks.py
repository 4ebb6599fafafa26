"""Where an architecture's decoder blocks are, and what comes out of one."""

from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from grunflow.errors import BadInput, unknown_name

# model_type of the config -> dotted path of the list of blocks.
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


class _Enough(Exception):
    """Ends a forward pass behind the last block that is read."""


def block_output(
    model: Any, inputs: dict[str, Tensor], layer: int, deepest: int | None = None
) -> Float[Tensor, "batch token width"]:
    """Output of block `layer`, edits of hooks before this one included; no block after `deepest` (or it) is run."""
    found: list[Tensor] = []

    def keep(module: nn.Module, arguments: tuple, output: Tensor) -> None:
        found.append(output)

    def stop(module: nn.Module, arguments: tuple, output: Tensor) -> None:
        raise _Enough

    last = layer if deepest is None else max(layer, deepest)
    handles = [block(model, layer).register_forward_hook(keep), block(model, last).register_forward_hook(stop)]
    try:
        model(**inputs, use_cache=False)
    except _Enough:
        pass
    finally:
        for handle in handles:
            handle.remove()
    return found[0]
