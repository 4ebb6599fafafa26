"""A fine-tuning step of the whole model: texts packed without padding, head at labels, against padded rows (work full_training)."""

import copy
from typing import Any

from benchmarks.engines import Size, Step, in_groups_of_one, stepper
from grunflow.carriers.stack import Stack
from grunflow.data.prompts import Example
from grunflow.stages.finetune import Fitting
from grunflow.training import text_pack

WORK = "full_training"
LEARNING_RATE = 1e-5


def step_of(model: Any, examples: list[Example], engine: str) -> Step:
    """A step on a model of its own, which it changes."""
    stack = Stack(copy.deepcopy(model).requires_grad_(True))
    goal = Fitting(stack, examples, 0, whole=False, packs=engine == "fast")
    parameters = list(stack.model.parameters())
    return stepper(parameters, lambda rows: goal.shares(rows, len(rows))[0].loss(), LEARNING_RATE)


def steps_of(size: Size, model: Any, examples: list[Example]) -> dict[str, Step]:
    """fast, plain, and the fast one with every row in a group of its own: its FLOPs are the least needed."""
    made = {engine: step_of(model, examples, engine) for engine in ("fast", "plain")}
    return made | {"least": in_groups_of_one(text_pack, step_of(model, examples, "fast"))}
