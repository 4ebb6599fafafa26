"""Every gate of the run held at one value, whatever it reads: at 0 it is shut and the run is exactly what it started from, at 1 the
whole edit acts on every prompt. What the gate itself is worth lies between."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from grunflow.carriers.chain import Subject
from grunflow.config.parts import ConditionSpec

PARAMETERS = {"gate": None}
LIMITS = {"gate": "unit"}
MEANINGS = {"gate": "0: shut, the edit is never added; 1: open"}
STRENGTH = "gate"
NEEDS = ("gate",)
FAR = 200.0  # a logit whose sigmoid is exactly 1 in float32, and that of its negative exactly 0


class Held(nn.Module):
    """A gate that reads nothing."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.logit = math.copysign(FAR, value - 0.5) if value in (0, 1) else math.log(value / (1 - value))

    def forward(self, h: Float[Tensor, "*lead width"]) -> Float[Tensor, "*lead 1"]:
        return torch.full_like(h[..., :1], self.logit)


def subject(restored: Callable[[float], Subject], spec: ConditionSpec) -> Subject:
    """The run with its own gates held; gates beneath it act as they did."""
    found = restored(1.0)
    for edit in found.stack.top.edits.values():
        edit.gate = Held(float(spec.gate))
    return found
