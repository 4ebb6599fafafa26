"""A run whose linear layers are rounded to few bits (models/rounding.py), as quantised models are deployed.

What is rounded is the model's own weights, and so not the same part of every method: of edits and adapters the frozen base alone,
what was trained stays float32; of a run that trains the weights themselves its changes too, and a change smaller than half a
step of the grid is gone (Zhang et al., 2410.16454). Adapters as they are deployed inside the weights: condition merged.

Deviates: weights are rounded, activations are not; passes run in the model's own type.
"""

from collections.abc import Callable

from grunflow.carriers.chain import Subject
from grunflow.config.parts import ConditionSpec
from grunflow.models.rounding import round_linears

PARAMETERS = {"grid": None}
LIMITS = {"grid": ("int8", "nf4", "fp4", "none")}
MEANINGS = {"grid": "int8, nf4 or fp4 as bitsandbytes rounds; none: nothing is rounded"}
ROUNDS = True


def subject(restored: Callable[[float], Subject], spec: ConditionSpec) -> Subject:
    """The run on rounded weights."""
    found = restored(1.0)
    round_linears(found.stack.model, spec.grid)
    return found
