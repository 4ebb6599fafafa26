"""Carrier full: every weight of the model is trained."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from jaxtyping import Int
from safetensors.torch import load_model
from torch import Tensor, nn

from grunflow.carriers.base import Output
from grunflow.config.specs import Carrier
from grunflow.data.batching import Batch
from grunflow.errors import BadInput


class Full:
    def __init__(self, spec: Carrier, model: nn.Module) -> None:
        self.model = model

    def trained(self) -> list[nn.Parameter]:
        return list(self.model.parameters())

    def forward(self, batch: Batch) -> Output:
        return Output(self.model(**batch.inputs()).logits, [])

    def acting(self, positions: Int[Tensor, " batch"]) -> AbstractContextManager[list[Tensor]]:
        return nullcontext([])

    def save(self, folder: Path) -> None:
        self.model.save_pretrained(folder)  # type: ignore[operator]

    @classmethod
    def restore(cls, spec: Carrier, folder: Path, model: nn.Module) -> "Full":
        """Loads the trained weights into `model`; tied weights are stored once."""
        missing, unexpected = load_model(model, folder / "model.safetensors", strict=False)
        model.tie_weights()  # type: ignore[operator]
        # A tied head is stored once, under the embedding's name.
        if unexpected or set(missing) - {"lm_head.weight"}:
            raise BadInput(f"{folder}: its weights do not fit the model: {missing}, {unexpected}; run the stage again.")
        return cls(spec, model)
