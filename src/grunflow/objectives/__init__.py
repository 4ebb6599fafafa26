"""Objectives by name: a forget term and a retain term, carried by any carrier."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from jaxtyping import Float
from torch import Tensor

from grunflow.config.specs import Objective as ObjectiveSpec
from grunflow.objectives import forget, retain
from grunflow.objectives.scores import Pair
from grunflow.objectives.states import StatePair

RetainTerm = Callable[[Any, ObjectiveSpec], Float[Tensor, ""]]

# What a term reads of the model before unlearning: nothing, summed NLLs, logits, or hidden states.
Known = Literal["", "nll", "logits", "states"]

# Retain terms: the function, and what it reads of the model before unlearning.
RETAIN: dict[str, tuple[RetainTerm | None, Known]] = {
    "none": (None, ""),
    "nll": (retain.nll, ""),
    "kl": (retain.kl, "logits"),
    "match": (retain.match, "states"),
}


@dataclass(frozen=True)
class Objective:
    """forget(answers, refusals, spec), and the name of its own retain term, which a spec may replace.

    answers, refusals: which texts the forget term reads. reference: what it reads of the model before
    unlearning. states: whether both terms read hidden states (StatePair) in place of scores (Pair).
    """

    forget: Callable[[Any, Any, ObjectiveSpec], Float[Tensor, ""]]
    retain: str
    answers: bool = True
    refusals: bool = False
    reference: Known = ""
    states: bool = False


OBJECTIVES = {
    "ga": Objective(forget.gradient_ascent, "none"),
    "gd": Objective(forget.gradient_ascent, "nll"),
    "kl": Objective(forget.gradient_ascent, "kl"),
    "idk": Objective(forget.refusal, "nll", answers=False, refusals=True),
    "dpo": Objective(forget.dpo, "nll", refusals=True, reference="nll"),
    "npo": Objective(forget.npo, "nll", reference="nll"),
    "simnpo": Objective(forget.simnpo, "nll"),
    "undial": Objective(forget.undial, "none", reference="logits"),
    "rmu": Objective(forget.steer, "match", states=True),
}


def retain_term(spec: ObjectiveSpec) -> tuple[RetainTerm | None, Known]:
    return RETAIN[spec.retain or OBJECTIVES[spec.name].retain]


def loss(
    spec: ObjectiveSpec, answers: Pair | StatePair | None, refusals: Pair | None, kept: Pair | StatePair | None
) -> Float[Tensor, ""]:
    """forget_weight * forget term + retain_weight * retain term; with reduction `pooled` one mean over both.

    `pooled` (idk only, checked when the config is read): the token mean over refusals and retain rows together, as
    the authors' baseline concatenates them (b59fd78).
    """
    total = spec.forget_weight * OBJECTIVES[spec.name].forget(answers, refusals, spec)
    term = retain_term(spec)[0]
    if term is None or kept is None:
        return total
    retained = spec.retain_weight * term(kept, spec)
    if spec.reduction != "pooled" or refusals is None or isinstance(kept, StatePair):
        return total + retained
    n_forget, n_retain = refusals.current.labels, kept.current.labels
    return (n_forget * total + n_retain * retained) / (n_forget + n_retain)


__all__ = ["OBJECTIVES", "RETAIN", "Objective", "forget", "loss", "retain", "retain_term"]
