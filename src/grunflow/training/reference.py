"""What an objective compares the trained model with: the model before unlearning, or a control vector."""

import copy
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from jaxtyping import Float
from torch import Tensor

from grunflow.carriers.stack import Stack
from grunflow.config.parts import CarrierSpec
from grunflow.config.terms import ADAPTERS, EDITS, trained_by
from grunflow.models.blocks import width
from grunflow.objectives.loading import Objective
from grunflow.objectives.states import control_vector


def once(objective: Objective, engine: str) -> bool:
    """Whether all that is read of the model before unlearning are summed NLLs, computed before the first step."""
    return engine == "fast" and objective.known == {"nll"}


class Before(Stack):
    """A model as it is now, whatever adapters are put on it later: they are switched off around each call."""

    def __init__(self, whole: Stack) -> None:
        super().__init__(whole.model)
        self.whole, self.carriers = whole, whole.carriers[:]

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        with ExitStack() as off:
            for carrier in self.whole.carriers[len(self.carriers) :]:
                off.enter_context(carrier.switched_off())
            yield


def reference_of(objective: Objective, carrier: CarrierSpec, start: Stack, engine: str) -> Stack | None:
    """The model before unlearning, where an objective reads it at each step; to be called before `carrier` is put on top.

    Edits leave the model and what lies on it as they are: it is its own reference. Adapters are switched off for it. Where the
    model's own weights are trained a copy is kept.
    """
    if not objective.known or once(objective, engine):
        return None
    if trained_by(carrier) == EDITS:
        return start.view()
    if trained_by(carrier) == ADAPTERS:
        return Before(start)
    kept = copy.deepcopy(start)
    kept.model.eval().requires_grad_(False)
    return kept


def control_of(objective: Objective, model: Any, seed: int) -> Float[Tensor, " width"] | None:
    """The control vector of an objective that reads states; one for all texts that are to be forgotten."""
    if not objective.states:
        return None
    return control_vector(width(model), objective.spec.steering, seed)
