"""What a carrier is: where the trained parameters live."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from jaxtyping import Float, Int
from torch import Tensor, nn

from grunflow.data.batching import Batch
from grunflow.interventions.gated import GatedLoReFT


@dataclass
class Output:
    """Logits, and gate logits per gated layer (empty without a gate)."""

    logits: Float[Tensor, "batch token vocab"]
    gate_logits: list[Tensor]


@dataclass
class States:
    """Output of one block, and gate logits per gated layer (empty without a gate)."""

    hidden: Float[Tensor, "batch token width"]
    gate_logits: list[Tensor]


@runtime_checkable
class Carrier(Protocol):
    """A model with trainable parts.

    trained_module: the module whose parameters that require a gradient are trained; trained(): these. forward(): logits with
    the carrier acting. states(): the same for the output of one block, running no more blocks than needed. acting(): around
    any other call of `model`, such as generation. save(): the trained parts, and `carrier.json` to restore them. base: the
    transformers model inside. edits: what acts on block outputs at the last prompt token, by block; empty where the model
    itself is trained.
    """

    model: Any  # a transformers model, perhaps inside PEFT's

    @property
    def base(self) -> Any: ...

    @property
    def edits(self) -> Mapping[int, GatedLoReFT]: ...

    @property
    def trained_module(self) -> nn.Module: ...

    def trained(self) -> list[nn.Parameter]: ...

    def forward(self, batch: Batch) -> Output: ...

    def states(self, batch: Batch, layer: int) -> States: ...

    def acting(self, positions: Int[Tensor, " batch"]) -> AbstractContextManager[list[Tensor]]: ...

    def save(self, folder: Path) -> None: ...
