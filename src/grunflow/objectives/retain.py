"""Retain terms. Each is to be minimised; its weight is applied by the caller."""

from collections.abc import Callable
from typing import Any

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import kl_div, log_softmax

from grunflow.config.parts import ObjectiveSpec
from grunflow.objectives.scores import Pair
from grunflow.objectives.states import StatePair, squared_distance

# Retain term -> what it reads of the model before unlearning.
READS = {"none": "", "nll": "", "kl": "logits", "match": "states"}


def nll(pair: Pair, spec: ObjectiveSpec) -> Float[Tensor, ""]:
    """NLL in nats: mean over labels (reduction `token`, `pooled`), over rows of their means (`row`) or of their sums
    (`sequence`).

    `row` is what a mean over labels comes to in micro-batches of one row (the authors' baselines, b59fd78).
    """
    current = pair.current
    if spec.reduction == "row":
        return (current.nll_sum / current.n_labels).sum() / current.rows
    return current.nll_sum.sum() / (current.rows if spec.reduction == "sequence" else current.labels)


def kl(pair: Pair, spec: ObjectiveSpec) -> Float[Tensor, ""]:
    """KL(reference || current), mean over labels; over all positions, padding too, with kl_positions `all`.

    Source: Maini et al. 2024 (KL minimisation). `all` is what the authors' code does (b59fd78, `batchmean`).
    """
    if spec.kl_positions == "all":
        ours, theirs = pair.current.every_logit.float().flatten(0, 1), pair.known.every_logit.float().flatten(0, 1)
        positions = pair.current.rows * pair.current.every_logit.shape[1]
    else:
        ours, theirs, positions = pair.current.logits, pair.known.logits, pair.current.labels
    return kl_div(log_softmax(ours, -1), log_softmax(theirs, -1), reduction="sum", log_target=True) / positions


def match(kept: StatePair, spec: ObjectiveSpec) -> Float[Tensor, ""]:
    """RMU's retain term: squared distance of the states to those of the model before unlearning.

    Source: Li et al. 2024 (2403.03218), eq. 2; its alpha is retain_weight.
    """
    return squared_distance(kept)


# Those that are run; `none` is not.
TERMS: dict[str, Callable[[Any, ObjectiveSpec], Float[Tensor, ""]]] = {term.__name__: term for term in (nll, kl, match)}
