"""The head of a model at some positions only: as wide as the vocabulary, logits are most of a short pass's memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from jaxtyping import Bool
from torch import Tensor, nn


@contextmanager
def head_at(model: Any, wanted: Bool[Tensor, "batch token"]) -> Iterator[None]:
    """Around a call of the model, whose logits are then (1, position, vocabulary): the wanted positions, row after row.

    Through the head's own input, since not every architecture takes `logits_to_keep`, and most take the same positions for all
    rows.
    """

    def keep(module: nn.Module, arguments: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        hidden, *others = arguments
        return (hidden[wanted][None], *others)

    handle = model.get_output_embeddings().register_forward_pre_hook(keep)
    try:
        yield
    finally:
        handle.remove()
