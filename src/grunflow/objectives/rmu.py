"""RMU: hidden states of what is to be forgotten are steered to a control vector, those of what is kept stay.

Source: Li et al. 2024 (2403.03218), eqs. 1 and 2; its alpha is retain_weight. layer, steering and rmu_positions are keys of every
objective that reads states (states.py).
"""

from jaxtyping import Float
from torch import Tensor

from grunflow.config.parts import ObjectiveSpec
from grunflow.objectives.states import StatePair, squared_distance

READS = ("answers",)
RETAIN = "match"
STATES = True


def forget(answers: StatePair, refusals: None, spec: ObjectiveSpec) -> Float[Tensor, ""]:
    """Squared distance of the states to steering * control vector (wanted)."""
    return squared_distance(answers)
