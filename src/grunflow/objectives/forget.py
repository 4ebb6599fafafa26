"""Forget terms. Each is to be minimised; its weight is applied by the caller.

answers: scores of the forget questions' answers; refusals: of refusals put in place of them. A term that reads one
of them gets None for the other. "Mean over labels" is over the labels of the whole optimiser step.
"""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import log_softmax, logsigmoid

from grunflow.config.specs import Objective
from grunflow.objectives.retain import nll
from grunflow.objectives.scores import Pair
from grunflow.objectives.states import StatePair, squared_distance


def gradient_ascent(answers: Pair, refusals: None, spec: Objective) -> Float[Tensor, ""]:
    """-NLL, mean over labels (reduction `sequence`: over rows of summed NLL). Used by GA, GD and KL.

    Source: Liu et al. 2022 (gradient difference); token mean over the batch as in GRUN's code (b59fd78).
    """
    return -nll(answers, spec)


def refusal(answers: None, refusals: Pair, spec: Objective) -> Float[Tensor, ""]:
    """+NLL of refusals. Used by IDK (TOFU, Maini et al. 2024)."""
    return nll(refusals, spec)


def npo(answers: Pair, refusals: None, spec: Objective) -> Float[Tensor, ""]:
    """-(2 / beta) mean over rows of log sigmoid(beta (NLL - NLL_ref)), NLL summed per row.

    Source: Zhang et al. 2024 (2404.05868), eq. 3; reference: the target model before unlearning.
    """
    margin = answers.current.nll_sum - answers.known.nll_sum
    return -(2 / spec.beta) * logsigmoid(spec.beta * margin).sum() / answers.current.rows


def dpo(answers: Pair, refusals: Pair, spec: Objective) -> Float[Tensor, ""]:
    """-(2 / beta) mean over rows of log sigmoid(beta ((NLL_a - NLL_a,ref) - (NLL_r - NLL_r,ref))).

    Refusals r are preferred to answers a. Source: Rafailov et al. 2023 as used in TOFU; the factor 2 as in the
    authors' code (b59fd78).
    """
    worse = answers.current.nll_sum - answers.known.nll_sum
    better = refusals.current.nll_sum - refusals.known.nll_sum
    return -(2 / spec.beta) * logsigmoid(spec.beta * (worse - better)).sum() / answers.current.rows


def simnpo(answers: Pair, refusals: None, spec: Objective) -> Float[Tensor, ""]:
    """-(2 / beta) mean over rows of log sigmoid(beta (NLL / labels - delta)): NPO without a reference.

    Source: Fan et al. 2024 (2410.07163), eq. 4; delta is its gamma / beta, as open-unlearning names it (d3d7cf9).
    """
    per_label = answers.current.nll_sum / answers.current.n_labels
    return -(2 / spec.beta) * logsigmoid(spec.beta * (per_label - spec.delta)).sum() / answers.current.rows


def undial(answers: Pair, refusals: None, spec: Objective) -> Float[Tensor, ""]:
    """Cross-entropy to the reference's distribution with the label's logit lowered by `beta`, mean over labels.

    Source: Dong et al. 2024 (2402.10052), eq. 2. Deviates from open-unlearning (d3d7cf9), which averages over prompt
    and padding too and lets -100 index the vocabulary.
    """
    lowered, labels = answers.known.logits.clone(), answers.known.label_ids
    lowered[torch.arange(len(labels), device=labels.device), labels] -= spec.beta
    wanted = torch.softmax(lowered, dim=-1)
    return -(wanted * log_softmax(answers.current.logits, dim=-1)).sum() / answers.current.labels


def steer(answers: StatePair, refusals: None, spec: Objective) -> Float[Tensor, ""]:
    """RMU's forget term: squared distance of the states to steering * control vector (wanted).

    Source: Li et al. 2024 (2403.03218), eq. 1.
    """
    return squared_distance(answers)
