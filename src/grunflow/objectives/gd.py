"""GD, gradient difference: ascent on what is to be forgotten, descent on what is to be kept.

Source: Liu et al. 2022 (2203.12817); token mean over the batch as in GRUN's code (b59fd78).
"""

from jaxtyping import Float
from torch import Tensor

from grunflow.config.parts import ObjectiveSpec
from grunflow.objectives.retain import nll
from grunflow.objectives.scores import Pair

READS = ("answers",)
RETAIN = "nll"


def forget(answers: Pair, refusals: None, spec: ObjectiveSpec) -> Float[Tensor, ""]:
    """-NLL, mean over labels (reduction `sequence`: over rows of summed NLL)."""
    return -nll(answers, spec)
