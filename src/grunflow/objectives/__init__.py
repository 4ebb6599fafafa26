"""Objectives by name: a forget term and a retain term, carried by any carrier."""

from collections.abc import Callable
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from grunflow.config.specs import Objective as ObjectiveSpec
from grunflow.objectives import forget, retain
from grunflow.objectives.scores import Scores

Term = Callable[[Scores, ObjectiveSpec], Float[Tensor, ""]]


@dataclass(frozen=True)
class Objective:
    """refusals: forget answers are replaced by refusals; reference: the forget term reads the target's NLL."""

    forget: Term
    retain: Term
    refusals: bool = False
    reference: bool = False


OBJECTIVES = {
    "gd": Objective(forget.gradient_ascent, retain.nll),
    "idk": Objective(forget.refusal, retain.nll, refusals=True),
    "npo": Objective(forget.npo, retain.nll, reference=True),
}

__all__ = ["OBJECTIVES", "Objective", "forget", "retain"]
