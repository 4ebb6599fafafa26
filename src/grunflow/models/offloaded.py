"""A model larger than the GPU, to be asked and not trained: blocks that find no room wait in the host's memory, or else in their files,
and a weight is on the GPU for as long as a pass uses it (evaluation/streamed.py: several).

By transformers' `device_map` and accelerate's hooks, at every layer that holds weights: whatever calls it, generation, likelihoods and our
packed passes too, finds them. The numbers are those of the whole model. What changes or reads weights itself finds none.
"""

import logging
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import torch
from accelerate.hooks import AlignDevicesHook, SequentialHook
from torch import nn

from grunflow import host_memory
from grunflow.config.models import Model
from grunflow.errors import BadInput
from grunflow.models import room, sharding
from grunflow.models.blocks import blocks
from grunflow.models.loading import at_commit, load_model, place_of, placement, supported_config, without_weights

log = logging.getLogger(__name__)
HOST_SHARE = 0.8  # of the host's free memory that blocks may take; the rest of them stays in files


def start_model(model: Model, start: Sequence[Path]) -> Any:
    """The model that a stage starts from, as models/loading.py has it where it fits."""
    source, revision = at_commit(*place_of(model, start))
    size = gpu_bytes()
    places = None if size is None else _places(source, revision, getattr(torch, model.dtype), size)
    if places is None:
        return load_model(source, model.dtype, revision)
    # For what the files do not hold as the model does: experts, which it joins.
    folder = tempfile.mkdtemp(prefix="grunflow-")
    try:
        found = load_model(source, model.dtype, revision, {"device_map": places, "offload_folder": folder})
    except BaseException:
        shutil.rmtree(folder)
        raise
    weakref.finalize(found, shutil.rmtree, folder, ignore_errors=True)
    outside = sum(place != _device() for place in places.values())
    log.info("%d of %d blocks wait outside the GPU", outside, len(blocks(found)))
    return found


def gpu_bytes() -> int | None:
    """Memory of this process's GPU; None on a CPU, which maps files of weights where they are read."""
    return torch.cuda.get_device_properties(sharding.device()).total_memory if torch.cuda.is_available() else None


def is_offloaded(model: Any) -> bool:
    """Whether weights of it wait elsewhere than where they are used."""
    return len({str(place) for place in getattr(model, "hf_device_map", {}).values()}) > 1


@contextmanager
def read_once(block: nn.Module) -> Iterator[None]:
    """Inside, a block that waits outside the GPU is there for all its calls."""
    with ExitStack() as back:
        for module, hook in _waiting(block):
            hook.pre_forward(module)
            hook.offload = False
            back.callback(hook.post_forward, module, None)
            back.callback(setattr, hook, "offload", True)
        yield


def _waiting(block: nn.Module) -> list[tuple[nn.Module, AlignDevicesHook]]:
    """Its modules whose weights wait, and accelerate's hook on each."""
    found = []
    for module in block.modules():
        own = getattr(module, "_hf_hook", None)
        hooks = own.hooks if isinstance(own, SequentialHook) else [own]
        found += [(module, hook) for hook in hooks if isinstance(hook, AlignDevicesHook) and hook.offload]
    return found


def refuse(model: Any, what: str) -> None:
    """
    Raises:
        BadInput: `what` works on weights of a model that is larger than the GPU.
    """
    if is_offloaded(model):
        raise BadInput(
            f"{what}: the model is larger than this GPU, on which only edits (carriers reft and grun), and what full trained as "
            "a whole, can be asked; take a GPU with more memory."
        )


def _places(source: Path | str, revision: str | None, dtype: torch.dtype, size: int) -> dict[str, Any] | None:
    """Name of a module -> where its weights wait; None where all fit."""
    model = without_weights(supported_config(source, revision), dtype)
    prefix = next(name for name, module in model.named_modules() if module is blocks(model))
    each, around = [_bytes(block) for block in blocks(model)], list(_around(model, prefix))
    outside = _bytes(model) - sum(each)
    if outside + sum(each) <= room.MOST * size:
        return None
    device, host = _device(), HOST_SHARE * host_memory.free()
    places: dict[str, Any] = dict.fromkeys(around, device)
    left = room.KEPT * size - outside
    for layer, needed in enumerate(each):
        if needed <= left:
            left -= needed
            places[f"{prefix}.{layer}"] = device
        elif device != "cpu" and needed <= host:
            host -= needed
            places[f"{prefix}.{layer}"] = "cpu"
        else:
            places[f"{prefix}.{layer}"] = "disk"
    return places


def _device() -> Any:
    """Where what is run lies, as `device_map` says it."""
    return placement().get("device_map", "cpu")


def _around(model: nn.Module, prefix: str, name: str = "") -> Iterator[str]:
    """Names of the outermost modules that hold no block."""
    for child, module in model.named_children():
        place = f"{name}{child}"
        if prefix.startswith(f"{place}."):
            yield from _around(module, prefix, f"{place}.")
        elif place != prefix:
            yield place


def _bytes(module: nn.Module) -> int:
    return sum(part.numel() * part.element_size() for part in module.parameters())
