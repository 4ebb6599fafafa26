"""A run's adapters added to the weights, and these then rounded as in condition quantised: the adapters' changes are rounded with
them. `grid: none`: merged alone, the same model up to float rounding."""

from collections.abc import Callable

from grunflow.carriers.chain import Subject
from grunflow.config.parts import ConditionSpec
from grunflow.models.rounding import round_linears

PARAMETERS = {"grid": None}
LIMITS = {"grid": ("int8", "nf4", "fp4", "none")}
MEANINGS = {"grid": "int8, nf4 or fp4 as bitsandbytes rounds; none: nothing is rounded"}
ROUNDS = True
CARRIERS = ("adapters",)


def subject(restored: Callable[[float], Subject], spec: ConditionSpec) -> Subject:
    """The run with all adapters merged."""
    from peft.tuners.tuners_utils import BaseTunerLayer  # seconds of imports that only this condition needs

    found = restored(1.0)
    for module in found.stack.model.modules():
        if isinstance(module, BaseTunerLayer):
            module.merge()
    round_linears(found.stack.model, spec.grid)
    return found
