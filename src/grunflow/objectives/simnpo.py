"""SimNPO: NPO without a reference.

Source: Fan et al. 2024 (2410.07163), eq. 4; delta is its gamma / beta, as open-unlearning names it (d3d7cf9).
"""

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import logsigmoid

from grunflow.config.parts import ObjectiveSpec
from grunflow.objectives.scores import Pair

READS = ("answers",)
RETAIN = "nll"
PARAMETERS = {"beta": 0.1, "delta": 0.0}
LIMITS = {"beta": "positive", "delta": "not negative"}
MEANINGS = {"beta": "inverse temperature of the preference", "delta": "margin, nats per token"}


def forget(answers: Pair, refusals: None, spec: ObjectiveSpec) -> Float[Tensor, ""]:
    """-(2 / beta) mean over rows of log sigmoid(beta (NLL / labels - delta)); delta: margin, nats per token."""
    per_label = answers.current.nll_sum / answers.current.n_labels
    return -(2 / spec.beta) * logsigmoid(spec.beta * (per_label - spec.delta)).sum() / answers.current.rows
