"""An objective's file, loaded; and the loss of its terms: forget_weight * forget term + retain_weight * retain term."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jaxtyping import Float
from torch import Tensor

from grunflow.config.facts import OBJECTIVE
from grunflow.config.outside import load
from grunflow.config.parts import ObjectiveSpec
from grunflow.objectives.retain import READS, TERMS
from grunflow.objectives.scores import Pair
from grunflow.objectives.states import StatePair

STATE_REFERENCE = "states"


@dataclass(frozen=True)
class Objective:
    """A spec with the forget term of its file, forget(answers, refusals, spec).

    answers, refusals: which texts the forget term reads. reference: what it reads of the model before unlearning ("", "nll",
    "logits"). states: whether both terms read hidden states (StatePair) in place of scores (Pair).
    """

    spec: ObjectiveSpec
    forget: Callable[[Any, Any, ObjectiveSpec], Float[Tensor, ""]]
    answers: bool
    refusals: bool
    reference: str
    states: bool

    @property
    def retain_reference(self) -> str:
        """What the retain term reads of the model before unlearning."""
        return READS[self.spec.retain]

    @property
    def has_retain(self) -> bool:
        return self.spec.retain in TERMS

    @property
    def known(self) -> set[str]:
        """What the terms read of the model before unlearning."""
        return {self.reference, self.retain_reference} - {""}

    def loss(
        self, answers: Pair | StatePair | None, refusals: Pair | None, kept: Pair | StatePair | None
    ) -> Float[Tensor, ""]:
        """forget_weight * forget term + retain_weight * retain term; with reduction `pooled` or `pairs` one mean over both.

        `pooled` (of an objective that reads refusals alone, checked when the config is read): the token mean over refusals
        and retain rows together, as the authors' baseline concatenates them (b59fd78).
        """
        spec = self.spec
        if spec.reduction == "pairs":
            return self._pairs(refusals, kept)
        total = spec.forget_weight * self.forget(answers, refusals, spec)
        if kept is None or not self.has_retain:
            return total
        retained = spec.retain_weight * TERMS[spec.retain](kept, spec)
        if spec.reduction != "pooled" or refusals is None or isinstance(kept, StatePair):
            return total + retained
        n_forget, n_retain = refusals.current.labels, kept.current.labels
        return (n_forget * total + n_retain * retained) / (n_forget + n_retain)

    def _pairs(self, refusals: Any, kept: Any) -> Float[Tensor, ""]:
        """Mean over pairs of a refusal and its retain row of the token mean over both: `pooled` in micro-batches of one pair."""
        spec, current = self.spec, refusals.current
        total, labels = spec.forget_weight * current.nll_sum, current.n_labels
        if kept is not None:
            total = total + spec.retain_weight * kept.current.nll_sum
            labels = labels + kept.current.n_labels
        return (total / labels).sum() / current.rows


def objective(spec: ObjectiveSpec, files: Iterable[Path] = ()) -> Objective:
    """The objective of a spec. files: those that the command was given, a method of the user's own among them."""
    module = load(OBJECTIVE, spec, files)
    facts = vars(module)
    reads = facts.get("READS", ("answers",))
    return Objective(
        spec, module.forget, "answers" in reads, "refusals" in reads, facts.get("REFERENCE", ""),
        facts.get("STATES", False),
    )  # fmt: skip
