"""What carriers that edit representations share: a frozen model with LoReFT edits at a few blocks.

What is stored of an edit is R (width, rank), W (rank, width), b (rank) and the gate's own tensors, float32, each under its block:
`20.R`. Of torch's orthogonal parametrisation the file holds its value alone: its `base` is a random width x width matrix.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Int
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from grunflow.carriers.base import Carrier
from grunflow.config.parts import CarrierSpec
from grunflow.interventions.gated import GatedLoReFT
from grunflow.interventions.hooks import intervene
from grunflow.models.blocks import width
from grunflow.models.generators import forked

FILE = "interventions.safetensors"
TORCHS = "parametrizations"  # in names of files of earlier versions, which held torch's state with the base


class Representation(Carrier):
    """Edits of the outputs of blocks `layers`, gated where the spec has a gate."""

    def __init__(self, spec: CarrierSpec, model: Any, beneath: Sequence[Carrier] = ()) -> None:
        super().__init__(spec, model, beneath)
        model.requires_grad_(False)
        self._edits = {layer: GatedLoReFT(width(model), spec.rank, spec.get("gate")) for layer in spec.layers}
        self.modules = nn.ModuleDict({str(layer): edit for layer, edit in self._edits.items()}).to(model.device)

    @property
    def edits(self) -> Mapping[int, GatedLoReFT]:
        return self._edits

    @property
    def trained_module(self) -> nn.Module:
        return self.modules

    def acting(self, positions: Int[Tensor, " batch"]) -> AbstractContextManager[list[Tensor]]:
        return intervene(self.model, self.edits, positions)

    def save(self, folder: Path) -> None:
        tensors = {
            f"{layer}.{name}": tensor.detach().contiguous()
            for layer, edit in self._edits.items()
            for name, tensor in stored(edit).items()
        }
        save_file(tensors, folder / FILE)

    def load(self, folder: Path, share: float) -> None:
        found = load_file(folder / FILE)
        if any(TORCHS in name for name in found):
            self.modules.load_state_dict(found)
        else:
            for layer, edit in self._edits.items():
                restore(edit, {name: found.get(f"{layer}.{name}") for name in stored(edit)})
        for edit in self._edits.values():
            edit.strength = share


def stored(edit: GatedLoReFT) -> dict[str, Tensor]:
    """R, W, b, and the gate's own tensors."""
    rotation: Tensor = edit.loreft.rotation.weight  # type: ignore[assignment]
    source, gate = edit.loreft.learned_source, {} if edit.gate is None else edit.gate.state_dict()
    return {
        "R": rotation,
        "W": source.weight,
        "b": source.bias,
        **{f"gate.{name}": part for name, part in gate.items()},
    }


@torch.no_grad()
def restore(edit: GatedLoReFT, tensors: Mapping[str, Tensor | None]) -> None:
    """The edit with these tensors, R bit for bit: torch's own setter completes it to a basis and rounds it in doing so."""
    for name, own in stored(edit).items():
        given = tensors[name]
        if given is None or given.shape != own.shape:
            raise RuntimeError(
                f"{name}: {'none' if given is None else tuple(given.shape)}, expected {tuple(own.shape)}"
            )
        if name != "R":
            own.copy_(given)
    rotation: Any = edit.loreft.rotation
    with forked():
        torch.manual_seed(0)
        rotation.weight = tensors["R"].to(rotation.weight.device)  # type: ignore[union-attr]
    rotation.parametrizations.weight[0].base[:, : rotation.weight.shape[1]] = tensors["R"]
