"""A run scaled back: theta = (1 - strength) before + strength after for weights; LoRA's or an edit's change times strength.

At 0 it is what the run started from, at 1 the run, both exactly. With `strength` the run is scored at that one like any other;
without it one job goes along `strengths` and asks the likelihoods of the snapshots' questions at each: a dense curve of what
is forgotten against what is kept, without training (tables equal_forgetting and equal_retention).

Source: UWC (2406.09179), there for whole models.
"""

from collections.abc import Callable

from grunflow.carriers.chain import Subject
from grunflow.config.parts import ConditionSpec

PARAMETERS = {"strength": None, "strengths": (0.0, 0.2, 0.3, 0.36, 0.42, 0.5, 0.7, 1.0)}
OPTIONAL = ("strength",)
LIMITS = {"strength": "unit", "strengths": "rising"}
MEANINGS = {
    "strength": "0: what the run started from; 1: the run; null: all of `strengths`",
    "strengths": "that one job goes along where no strength is given, from 0 to 1",
}


def subject(restored: Callable[[float], Subject], spec: ConditionSpec) -> Subject:
    """The model between what it started from and what it was trained to."""
    return restored(spec.strength)
