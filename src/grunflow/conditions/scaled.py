"""A run scaled back: theta = (1 - strength) before + strength after for weights; LoRA's or an edit's change times strength.

At 0 it is what the run started from, at 1 the run, both exactly. Source: UWC (2406.09179), there for whole models.
"""

from collections.abc import Callable

from grunflow.carriers.chain import Subject
from grunflow.config.parts import ConditionSpec

PARAMETERS = {"strength": None}
LIMITS = {"strength": "unit"}
MEANINGS = {"strength": "0: what the run started from; 1: the run"}


def subject(restored: Callable[[float], Subject], spec: ConditionSpec) -> Subject:
    """The model between what it started from and what it was trained to."""
    return restored(spec.strength)
