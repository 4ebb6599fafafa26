"""KL minimisation: ascent on what is to be forgotten, the distribution before unlearning on what is to be kept.

Source: Maini et al. 2024 (2401.06121).
"""

from jaxtyping import Float
from torch import Tensor

from grunflow.config.parts import ObjectiveSpec
from grunflow.objectives.retain import nll
from grunflow.objectives.scores import Pair

READS = ("answers",)
RETAIN = "kl"


def forget(answers: Pair, refusals: None, spec: ObjectiveSpec) -> Float[Tensor, ""]:
    """-NLL, mean over labels (reduction `sequence`: over rows of summed NLL)."""
    return -nll(answers, spec)
