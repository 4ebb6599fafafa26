"""Learn: descent on the answers, as an attacker does who wants them back; nothing is kept beside it.

Source: relearning attacks fine-tune on the ordinary loss (Hu et al. 2024, 2406.13356; Deeb and Roger 2024, 2410.08827).
"""

from jaxtyping import Float
from torch import Tensor

from grunflow.config.parts import ObjectiveSpec
from grunflow.objectives.retain import nll
from grunflow.objectives.scores import Pair

READS = ("answers",)
RETAIN = "none"


def forget(answers: Pair, refusals: None, spec: ObjectiveSpec) -> Float[Tensor, ""]:
    """+NLL, mean over labels (reduction `sequence`: over rows of summed NLL)."""
    return nll(answers, spec)
