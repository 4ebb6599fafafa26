"""Carrier full: every weight of the model is trained, or named ones of some blocks."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from jaxtyping import Int
from safetensors.torch import load_model
from torch import Tensor, nn

from grunflow.carriers.base import Output, States
from grunflow.config.specs import Carrier
from grunflow.data.batching import Batch
from grunflow.errors import BadInput
from grunflow.interventions.gated import GatedLoReFT
from grunflow.models.blocks import block, block_output
from grunflow.models.sharding import save_model


class Full:
    def __init__(self, spec: Carrier, model: nn.Module) -> None:
        self.model: Any = model
        if spec.parameters:
            model.requires_grad_(False)
            for layer in spec.layers or ():
                _named(block(model, layer), spec.parameters).requires_grad_(True)

    @property
    def base(self) -> Any:
        return self.model

    @property
    def edits(self) -> Mapping[int, GatedLoReFT]:
        return {}

    @property
    def trained_module(self) -> nn.Module:
        return self.model

    def trained(self) -> list[nn.Parameter]:
        return [parameter for parameter in self.model.parameters() if parameter.requires_grad]

    def forward(self, batch: Batch) -> Output:
        return Output(self.model(**batch.inputs()).logits, [])

    def states(self, batch: Batch, layer: int) -> States:
        return States(block_output(self.base, batch.inputs(), layer), [])

    def acting(self, positions: Int[Tensor, " batch"]) -> AbstractContextManager[list[Tensor]]:
        return nullcontext([])

    def save(self, folder: Path) -> None:
        save_model(self.model, folder)

    @classmethod
    def restore(cls, spec: Carrier, folder: Path, model: nn.Module) -> "Full":
        """Loads the trained weights into `model`; tied weights are stored once."""
        missing, unexpected = load_model(model, folder / "model.safetensors", strict=False)
        model.tie_weights()  # type: ignore[operator]
        # A tied head is stored once, under the embedding's name.
        if unexpected or set(missing) - {"lm_head.weight"}:
            raise BadInput(f"{folder}: its weights do not fit the model: {missing}, {unexpected}; run the stage again.")
        return cls(spec, model)


def _named(module: nn.Module, name: str) -> nn.Parameter:
    try:
        return module.get_parameter(name)
    except AttributeError:
        known = ", ".join(sorted(key for key, _ in module.named_parameters()))
        raise BadInput(f"carriers.full.parameters: got {name!r}, expected a parameter of a block: {known}.") from None
