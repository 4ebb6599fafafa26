"""NPO, negative preference optimisation: answers become less likely than they were before unlearning.

Source: Zhang et al. 2024 (2404.05868), eq. 3; reference: the model before unlearning.
"""

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import logsigmoid

from grunflow.config.parts import ObjectiveSpec
from grunflow.objectives.scores import Pair

READS = ("answers",)
REFERENCE = "nll"
RETAIN = "nll"
PARAMETERS = {"beta": 0.1}
LIMITS = {"beta": "positive"}
MEANINGS = {"beta": "inverse temperature of the preference"}


def forget(answers: Pair, refusals: None, spec: ObjectiveSpec) -> Float[Tensor, ""]:
    """-(2 / beta) mean over rows of log sigmoid(beta (NLL - NLL_ref)), NLL summed per row; beta: inverse temperature."""
    margin = answers.current.nll_sum - answers.known.nll_sum
    return -(2 / spec.beta) * logsigmoid(spec.beta * margin).sum() / answers.current.rows
