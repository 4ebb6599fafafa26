"""DPO: refusals are preferred to answers.

Source: Rafailov et al. 2023 (2305.18290) as used in TOFU; the factor 2 as in GRUN's code (b59fd78).
"""

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import logsigmoid

from grunflow.config.parts import ObjectiveSpec
from grunflow.objectives.scores import Pair

READS = ("answers", "refusals")
REFERENCE = "nll"
RETAIN = "nll"
PARAMETERS = {"beta": 0.1}
LIMITS = {"beta": "positive"}
MEANINGS = {"beta": "inverse temperature of the preference"}


def forget(answers: Pair, refusals: Pair, spec: ObjectiveSpec) -> Float[Tensor, ""]:
    """-(2 / beta) mean over rows of log sigmoid(beta ((NLL_a - NLL_a,ref) - (NLL_r - NLL_r,ref))).

    Refusals r are preferred to answers a; beta is an inverse temperature.
    """
    worse = answers.current.nll_sum - answers.known.nll_sum
    better = refusals.current.nll_sum - refusals.known.nll_sum
    return -(2 / spec.beta) * logsigmoid(spec.beta * (worse - better)).sum() / answers.current.rows
