"""Carrier full: every weight of the model is trained, or named ones of some blocks."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from grunflow.carriers.base import Carrier
from grunflow.config.parts import CarrierSpec
from grunflow.errors import BadInput
from grunflow.models.blocks import block
from grunflow.models.loading import load_model
from grunflow.models.sharding import save_model

TRAINS = "weights"
PARAMETERS = {"layers": None, "parameters": None}
LIMITS = {"layers": "blocks", "parameters": "parameter"}
OPTIONAL = ("layers", "parameters")
TOGETHER = ("layers", "parameters")
MEANINGS = {
    "layers": "train one parameter of these blocks only, counted from 0; null: every weight",
    "parameters": "that parameter, as mlp.down_proj.weight; null: every weight",
}
PACKABLE = True
SHARDABLE = True
WHOLE = True
Weights = Mapping[str, Tensor]


class Full(Carrier):
    def __init__(self, spec: CarrierSpec, model: Any, beneath: Sequence[Carrier] = ()) -> None:
        super().__init__(spec, model, beneath)
        named = spec.get("parameters")
        for parameter in _own(model).values():
            parameter.requires_grad_(not named)
        for layer in spec.get("layers") or ():
            _named(block(model, layer), named).requires_grad_(True)
        self._ends: tuple[Weights, Weights] | None = None  # before and after, once it was loaded in part

    def save(self, folder: Path) -> None:
        adapted = any(_is_adapters(name) for name, _ in self.model.named_parameters())
        save_model(
            self.model, folder, {name: value.detach() for name, value in _own(self.model).items()} if adapted else None
        )

    @torch.no_grad()
    def load(self, folder: Path, share: float) -> None:
        """A part of it is mixed from before and after, both of which stay in the host's memory for the next share."""
        own = _own(self.model)
        before, after = self._ends or (own, self._saved(folder))
        if share < 1 and self._ends is None:
            before = {name: weights.detach().to("cpu", copy=True) for name, weights in own.items()}
            self._ends = before, after
        for name, weights in own.items():
            weights.copy_(_between(before[name].to(weights.device), after[name].to(weights.device), share))

    def _saved(self, folder: Path) -> Weights:
        """By transformers' own loader, which knows how it names what it saves; tied weights are stored once."""
        saved = load_model(folder, str(self.model.dtype).removeprefix("torch."))
        theirs = _own(saved)
        if theirs.keys() != _own(self.model).keys():
            raise BadInput(f"{folder}: its weights are of another model; run the stage again.")
        return {name: parameter.detach() for name, parameter in theirs.items()}


CLASS = Full


def _between(before: Tensor, after: Tensor, share: float) -> Tensor:
    """(1 - share) before + share after; at 0 and 1 exactly one of them."""
    if share in (0.0, 1.0):
        return after if share else before
    return (1 - share) * before + share * after


def _is_adapters(name: str) -> bool:
    return ".lora_" in name


def _own(model: Any) -> dict[str, nn.Parameter]:
    """The model's own parameters under its own names, also where adapters were put around its layers."""
    return {
        name.replace(".base_layer", ""): parameter
        for name, parameter in model.named_parameters()
        if not _is_adapters(name)
    }


def _named(module: nn.Module, name: str) -> nn.Parameter:
    own = {key.replace(".base_layer", ""): value for key, value in module.named_parameters() if not _is_adapters(key)}
    if name not in own:
        raise BadInput(f"carriers.parameters: got {name!r}, expected a parameter of a block: {', '.join(sorted(own))}.")
    return own[name]
