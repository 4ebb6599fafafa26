"""Carriers reft and grun: a frozen model with edits at a few blocks; grun's edits are gated."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from jaxtyping import Int
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from grunflow.carriers.base import Output, States
from grunflow.config.specs import Carrier
from grunflow.data.batching import Batch
from grunflow.interventions.gated import GatedLoReFT
from grunflow.interventions.hooks import intervene
from grunflow.models.blocks import block_output

WEIGHTS = "interventions.safetensors"


class Representation:
    def __init__(self, spec: Carrier, model: nn.Module) -> None:
        self.model = model.requires_grad_(False)
        width = int(model.config.hidden_size)  # type: ignore[arg-type]
        self._edits = {layer: GatedLoReFT(width, spec.rank or 1, spec.gate) for layer in spec.layers or ()}
        self.modules = nn.ModuleDict({str(layer): edit for layer, edit in self._edits.items()}).to(model.device)  # type: ignore[arg-type]

    @property
    def base(self) -> Any:
        return self.model

    @property
    def edits(self) -> Mapping[int, GatedLoReFT]:
        return self._edits

    @property
    def trained_module(self) -> nn.Module:
        return self.modules

    def trained(self) -> list[nn.Parameter]:
        return list(self.modules.parameters())

    def forward(self, batch: Batch) -> Output:
        with self.acting(batch.positions) as gate_logits:
            logits = self.model(**batch.inputs()).logits
        return Output(logits, gate_logits)

    def states(self, batch: Batch, layer: int) -> States:
        """Every gate is read, also those above `layer`; an edit above it without a gate is not run."""
        gated = [index for index, edit in self.edits.items() if edit.gate is not None]
        with self.acting(batch.positions) as gate_logits:
            hidden = block_output(self.model, batch.inputs(), layer, max(gated, default=layer))
        return States(hidden, gate_logits)

    def acting(self, positions: Int[Tensor, " batch"]) -> AbstractContextManager[list[Tensor]]:
        return intervene(self.model, self.edits, positions)

    def save(self, folder: Path) -> None:
        tensors = {name: tensor.contiguous() for name, tensor in self.modules.state_dict().items()}
        save_file(tensors, folder / WEIGHTS)

    @classmethod
    def restore(cls, spec: Carrier, folder: Path, model: nn.Module) -> "Representation":
        carrier = cls(spec, model)
        carrier.modules.load_state_dict(load_file(folder / WEIGHTS))
        return carrier
