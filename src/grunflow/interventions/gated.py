"""Gate and LoReFT composed: GRUN's intervention, and with no gate plain ReFT."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from grunflow.interventions.gate import GATES
from grunflow.interventions.loreft import LoReFT


class Edit(NamedTuple):
    """hidden: the edited state; gate_logit: before the sigmoid, None without a gate."""

    hidden: Tensor
    gate_logit: Tensor | None


class StateEdit(nn.Module):
    """What acts on the output of one block, at one position. gate: None without one."""

    gate: nn.Module | None

    def edit(self, h: Float[Tensor, "*lead width"]) -> Edit:
        """The state in place of h."""
        raise NotImplementedError


class GatedLoReFT(StateEdit):
    """h' = h + strength * sigmoid(gate(h)) * (((W h + b) - h R) R^T); the gate reads the unedited h.

    Args:
        width: D, size of the hidden state.
        rank: rank of the edit.
        gate: "linear" (D -> 1), "mlp_3" (D -> 256 -> 64 -> 1), or None for an ungated edit.

    strength is 1 in training; a finished edit may be asked at another.

    Everything is computed in the parameters' float32, also on a bf16 model; the result has h's dtype. Deviates: the
    authors keep W, b and the gate in bf16.

    Source: GRUN (2502.17823), gated low-rank edit; `GatedLoreftIntervention` in the authors' code (b59fd78).
    """

    def __init__(self, width: int, rank: int, gate: str | None) -> None:
        super().__init__()
        self.strength, self.gate_kind = 1.0, gate
        self.loreft = LoReFT(width, rank)
        self.gate = None if gate is None else GATES[gate](width)

    def edit(self, h: Float[Tensor, "*lead width"]) -> Edit:
        wide = h.to(self.loreft.learned_source.weight.dtype)
        change, gate_logit = self.change(wide)
        return Edit((wide + change).to(h.dtype), gate_logit)

    def change(self, wide: Float[Tensor, "*lead width"]) -> tuple[Float[Tensor, "*lead width"], Tensor | None]:
        """What is added to h, given in the parameters' dtype; and the gate logit."""
        change = self.loreft(wide)
        if self.strength != 1.0:
            change = self.strength * change
        if self.gate is None:
            return change, None
        logit = self.gate(wide)
        return change * torch.sigmoid(logit), logit.squeeze(-1)

    def forward(self, h: Float[Tensor, "*lead width"]) -> Float[Tensor, "*lead width"]:
        return self.edit(h).hidden
