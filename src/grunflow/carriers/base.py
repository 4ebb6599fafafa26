"""What a carrier is: where the trained parameters live."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from jaxtyping import Float, Int
from torch import Tensor, nn

from grunflow.data.batching import Batch


@dataclass
class Output:
    """Logits, and gate logits per gated layer (empty without a gate)."""

    logits: Float[Tensor, "batch token vocab"]
    gate_logits: list[Tensor]


@runtime_checkable
class Carrier(Protocol):
    """A model with trainable parts.

    trained(): what the optimiser may change. forward(): logits with the carrier acting. acting(): the same around
    any other call of `model`, such as generation. save(): the trained parts, and `carrier.json` to restore them.
    """

    model: Any  # a transformers model, perhaps inside PEFT's

    def trained(self) -> list[nn.Parameter]: ...

    def forward(self, batch: Batch) -> Output: ...

    def acting(self, positions: Int[Tensor, " batch"]) -> AbstractContextManager[list[Tensor]]: ...

    def save(self, folder: Path) -> None: ...
