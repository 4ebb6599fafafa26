"""What carriers that edit representations share: a frozen model with LoReFT edits at a few blocks."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from jaxtyping import Int
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from grunflow.carriers.base import Carrier
from grunflow.config.parts import CarrierSpec
from grunflow.interventions.gated import GatedLoReFT
from grunflow.interventions.hooks import intervene
from grunflow.models.blocks import width

FILE = "interventions.safetensors"


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
        tensors = {name: tensor.contiguous() for name, tensor in self.modules.state_dict().items()}
        save_file(tensors, folder / FILE)

    def load(self, folder: Path, share: float) -> None:
        self.modules.load_state_dict(load_file(folder / FILE))
        for edit in self._edits.values():
            edit.strength = share
