"""GA: gradient ascent on the answers that are to be forgotten.

Source: Yao et al. 2024 (2310.10683); token mean over the batch as in GRUN's code (b59fd78).
"""

from jaxtyping import Float
from torch import Tensor

from grunflow.config.parts import ObjectiveSpec
from grunflow.objectives.retain import nll
from grunflow.objectives.scores import Pair

READS = ("answers",)
RETAIN = "none"


def forget(answers: Pair, refusals: None, spec: ObjectiveSpec) -> Float[Tensor, ""]:
    """-NLL, mean over labels (reduction `sequence`: over rows of summed NLL)."""
    return -nll(answers, spec)
