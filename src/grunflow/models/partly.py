"""A model of which only some blocks are loaded, so that a GPU need not hold the others; they lie on the meta device.

Below its first edited block a frozen model is needed once per text (training/streamed_states.py), above it at every step. A
block that is not loaded is lent by the model's safetensors files for as long as it is run.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import hf_hub_download
from safetensors import safe_open
from torch import Tensor

from grunflow.config.models import Model
from grunflow.hub import WEIGHTS
from grunflow.models.blocks import block, blocks
from grunflow.models.loading import at_commit, explained, load_config, place_of, placement, without_weights


class Weights:
    """The safetensors files of a model: its tensors by name, read when they are asked for.

    Raises:
        BadInput: a file is not there or cannot be read.
    """

    def __init__(self, source: Path | str, revision: str | None) -> None:
        self.source, self.revision = source, revision
        single, index = WEIGHTS
        if self._has(index):
            self.files: dict[str, str] = json.loads(self._file(index).read_text())["weight_map"]
        else:
            with explained(source, revision, WEIGHTS), safe_open(self._file(single), "pt") as file:
                self.files = dict.fromkeys(file.keys(), single)

    def _has(self, name: str) -> bool:
        try:
            return self._file(name).is_file()
        except OSError:
            return False

    def _file(self, name: str) -> Path:
        if isinstance(self.source, Path) or Path(self.source).is_dir():
            return Path(self.source) / name
        return Path(hf_hub_download(self.source, name, revision=self.revision))

    def read(self, names: Iterable[str], dtype: torch.dtype, device: torch.device) -> dict[str, Tensor]:
        """Name -> tensor; those of floating point in `dtype`."""
        found = {}
        by_file: dict[str, list[str]] = {}
        for name in names:
            by_file.setdefault(self.files[name], []).append(name)
        for file, own in by_file.items():
            with explained(self.source, self.revision, (file,)), safe_open(self._file(file), "pt") as opened:
                for name in own:
                    tensor = opened.get_tensor(name)
                    found[name] = tensor.to(device, dtype if tensor.is_floating_point() else None)
        return found


class PartlyLoaded:
    """A model with its blocks from `first` on, and all that is outside blocks, on the device.

    Args:
        model: on the meta device, in evaluation mode.
        weights: its files.
        first: the first block that is loaded; as many as there are: none.
    """

    def __init__(self, model: Any, weights: Weights, first: int, device: torch.device) -> None:
        self.model, self.weights, self.device, self.first = model, weights, device, first
        self.dtype: torch.dtype = model.dtype
        prefix = next(name for name, module in model.named_modules() if module is blocks(model))
        self.prefixes = [f"{prefix}.{layer}." for layer in range(len(blocks(model)))]
        named = [name for name in model.state_dict() if name in weights.files]
        below = tuple(self.prefixes[:first])
        found = weights.read([name for name in named if not name.startswith(below)], self.dtype, device)
        with explained(weights.source, weights.revision, WEIGHTS):
            model.load_state_dict(found, strict=False, assign=True)
        model.tie_weights()
        model.model.rotary_emb = type(model.model.rotary_emb)(config=model.config).to(device)

    @property
    def loaded(self) -> int:
        """How many blocks are."""
        return len(self.prefixes) - self.first

    @contextmanager
    def lent(self, layer: int) -> Iterator[Any]:
        """A block with its weights; one that is not loaded loses them behind."""
        module = block(self.model, layer)
        if layer >= self.first:
            yield module
            return
        prefix = self.prefixes[layer]
        names = [prefix + name for name in module.state_dict()]
        found = self.weights.read(names, self.dtype, self.device)
        module.load_state_dict({name.removeprefix(prefix): tensor for name, tensor in found.items()}, assign=True)
        try:
            yield module
        finally:
            module.to_empty(device="meta")


def load_from(model: Model, start: Sequence[Path], first: int | None) -> PartlyLoaded | None:
    """The model that a stage starts from (models/loading.py), loaded from block `first` on (None: no block); None where carriers lie
    on it, or where its files call weights otherwise than the model does, which only transformers can read."""
    if start and (len(start) > 1 or not (start[0] / "config.json").is_file()):
        return None
    source, revision = at_commit(*place_of(model, start))
    config = load_config(source, revision)
    weights = Weights(source, revision)
    found = without_weights(config, getattr(torch, model.dtype)).eval()
    tied = set(getattr(found, "_tied_weights_keys", None) or ()) if config.tie_word_embeddings else set()
    if {name for name, _ in found.named_parameters()} - tied - weights.files.keys():
        return None
    device = torch.device(placement().get("device_map", "cpu"))
    return PartlyLoaded(found, weights, len(blocks(found)) if first is None else first, device)


def resident_bytes(model: Any) -> int:
    """Of the parameters that are loaded."""
    return sum(part.numel() * part.element_size() for part in model.parameters() if not part.is_meta)
