"""Forget terms. Each is to be minimised; its weight is applied by the caller."""

import torch
from jaxtyping import Float
from torch import Tensor

from grunflow.config.specs import Objective
from grunflow.objectives.scores import Scores


def gradient_ascent(scores: Scores, spec: Objective) -> Float[Tensor, ""]:
    """-(sum NLL / number of labels): raises the NLL of forget answers. Used by GA and GD.

    Source: Liu et al. 2022 (gradient difference); token mean over the batch as in GRUN's code (b59fd78).
    """
    return -scores.nll_sum.sum() / scores.n_labels.sum()


def refusal(scores: Scores, spec: Objective) -> Float[Tensor, ""]:
    """+(sum NLL / number of labels) of refusals put in place of the answers. Used by IDK (TOFU, Maini 2024)."""
    return scores.nll_sum.sum() / scores.n_labels.sum()


def npo(scores: Scores, spec: Objective) -> Float[Tensor, ""]:
    """-(2 / beta) mean log sigmoid(beta (NLL - NLL_ref)), NLL summed per sequence.

    Source: Zhang et al. 2024 (2404.05868), eq. 3; reference: the target model before unlearning.
    """
    if scores.reference_nll_sum is None:
        raise ValueError("npo needs reference_nll_sum: the NLL of the forget answers under the target model.")
    margin = spec.beta * (scores.nll_sum - scores.reference_nll_sum)
    return -(2 / spec.beta) * torch.nn.functional.logsigmoid(margin).mean()
