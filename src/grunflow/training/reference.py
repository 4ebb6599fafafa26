"""What an objective compares the trained model with: the model before unlearning, or RMU's control vector."""

import copy
from typing import Any

from jaxtyping import Float
from torch import Tensor

from grunflow.config import specs
from grunflow.objectives.states import control_vector
from grunflow.training.unlearning import known_of


def reference_model(
    objective: specs.Objective, carrier: specs.Carrier, model: Any, engine: str = "plain"
) -> Any | None:
    """The model before unlearning, where an objective reads it: a frozen model is its own reference.

    Summed NLLs are computed once by the engine `fast` (training/engine.py), so no copy of the model is kept for them.
    """
    known = known_of(objective)
    if not known or (engine == "fast" and known == {"nll"}):
        return None
    if carrier.name in ("reft", "grun"):
        return model
    return copy.deepcopy(model).eval().requires_grad_(False)


def control_of(objective: specs.Objective, model: Any, seed: int) -> Float[Tensor, " width"] | None:
    """The control vector of `rmu`, None for the others; one for all domains."""
    if objective.steering is None:
        return None
    return control_vector(int(model.config.hidden_size), objective.steering, seed)
