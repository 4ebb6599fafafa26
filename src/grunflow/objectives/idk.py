"""IDK: answers are replaced by refusals, which are learnt.

Source: TOFU (Maini et al. 2024).
"""

from jaxtyping import Float
from torch import Tensor

from grunflow.config.parts import ObjectiveSpec
from grunflow.objectives.retain import nll
from grunflow.objectives.scores import Pair

READS = ("refusals",)
RETAIN = "nll"


def forget(answers: None, refusals: Pair, spec: ObjectiveSpec) -> Float[Tensor, ""]:
    """+NLL of refusals."""
    return nll(refusals, spec)
