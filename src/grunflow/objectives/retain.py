"""Retain terms. Each is to be minimised; its weight is applied by the caller."""

from jaxtyping import Float
from torch import Tensor

from grunflow.config.specs import Objective
from grunflow.objectives.scores import Scores


def nll(scores: Scores, spec: Objective) -> Float[Tensor, ""]:
    """Token-mean NLL of retain answers: sum NLL / number of labels over the batch."""
    return scores.nll_sum.sum() / scores.n_labels.sum()
