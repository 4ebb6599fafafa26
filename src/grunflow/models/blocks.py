"""Where a model's decoder blocks are, and what comes out of one."""

from collections.abc import Iterator
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from grunflow.errors import BadInput

# `model_type`s that tests/models/test_architectures.py trains, saves, restores and scores on every carrier. Others are refused
# before anything is trained (config/architectures.py): of a recurrent model or an encoder the blocks could be found as well.
SUPPORTED = (
    "llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3", "gemma3_text", "phi", "phi3", "olmo2", "stablelm", "granite",
    "cohere", "gpt2", "gpt_neox", "opt", "mixtral", "qwen2_moe", "bloom",
    "apertus", "arcee", "biogpt", "codegen", "cohere2", "ernie4_5", "exaone4", "falcon", "glm", "glm4", "gpt_bigcode", "gpt_neo",
    "gptj", "granitemoe", "helium", "hunyuan_v1_dense", "ministral", "mpt", "nemotron", "olmo", "olmo3", "olmoe", "persimmon",
    "qwen3_moe", "seed_oss", "smollm3", "starcoder2", "xglm",
)  # fmt: skip

# Of these the files of a saved model call parameters of a block otherwise than the model does.
RENAMED = ("gemma3", "mixtral", "qwen2_moe", "granitemoe", "olmoe", "qwen3_moe")
# Of these a block returns a tuple, with the state in front.
TUPLES = ("bloom", "codegen", "falcon", "gpt_neo", "gptj", "mpt")


def text_config(model: Any) -> Any:
    """The config of the language model, where it is a part of a larger one."""
    return model.config.get_text_config(decoder=True)


def width(model: Any) -> int:
    """Size of a block's output."""
    return int(text_config(model).hidden_size)


def blocks(model: Any) -> nn.ModuleList:
    """The decoder's one list of as many modules of one class as its config has layers.

    Raises:
        BadInput: there is none, or several.
    """
    found = list(_lists(model.get_decoder(), text_config(model).num_hidden_layers))
    if len(found) != 1:
        raise BadInput(
            f"architecture {model.config.model_type!r}: {len(found)} lists of modules may be its decoder blocks, expected one; "
            "take another model."
        )
    return found[0]


def _lists(module: nn.Module, count: int) -> Iterator[nn.ModuleList]:
    """The outermost: as many experts as layers may lie in each block."""
    for child in module.children():
        if isinstance(child, nn.ModuleList) and len(child) == count and len({type(part) for part in child}) == 1:
            yield child
        else:
            yield from _lists(child, count)


def block(model: Any, layer: int) -> nn.Module:
    """Decoder block `layer`, counted from 0."""
    found = blocks(model)
    if not 0 <= layer < len(found):
        raise BadInput(f"layers: got {layer}, expected 0 to {len(found) - 1}: the model has {len(found)} blocks.")
    return found[layer]


def hidden_of(output: Any) -> Float[Tensor, "batch token width"]:
    """The state in what a block returns: by itself, or the first of several things."""
    return output[0] if isinstance(output, tuple) else output


def with_hidden(output: Any, hidden: Float[Tensor, "batch token width"]) -> Any:
    """What a block returns, with another state."""
    return (hidden, *output[1:]) if isinstance(output, tuple) else hidden


class _Enough(Exception):
    """Ends a forward pass behind the last block that is read."""


def block_output(
    model: Any, inputs: dict[str, Tensor], layer: int, deepest: int | None = None
) -> Float[Tensor, "batch token width"]:
    """Output of block `layer`, edits of hooks before this one included; no block after `deepest` (or it) is run."""
    found: list[Tensor] = []

    def keep(module: nn.Module, arguments: tuple, output: Any) -> None:
        found.append(hidden_of(output))

    def stop(module: nn.Module, arguments: tuple, output: Any) -> None:
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
