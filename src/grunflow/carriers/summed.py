"""Edits of several runs on one model, which read the same states and are added up. Nothing of it is trained: it is asked."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from jaxtyping import Int
from torch import Tensor

from grunflow.carriers.base import Carrier
from grunflow.interventions.gated import StateEdit
from grunflow.interventions.hooks import intervene
from grunflow.interventions.summed import SummedEdit


class Summed(Carrier):
    """The edits of `parts`, all of the same blocks, by block."""

    packable = True

    def __init__(self, parts: Sequence[Carrier], model: Any, factor: float) -> None:
        super().__init__(parts[0].spec, model)
        self._edits = {block: SummedEdit([part.edits[block] for part in parts], factor) for block in parts[0].edits}

    @property
    def edits(self) -> Mapping[int, StateEdit]:
        return self._edits

    def acting(self, positions: Int[Tensor, " batch"]) -> AbstractContextManager[list[Tensor]]:
        return intervene(self.model, self.edits, positions)
