"""Parts of methods and whole specs as a study would name them, with the defaults of their files."""

from typing import Any

from grunflow.config import facts
from grunflow.config.facts import OBJECTIVE
from grunflow.config.models import Model
from grunflow.config.parts import CarrierSpec, ObjectiveSpec, Training
from grunflow.config.sets import Paired
from grunflow.config.specs import Unlearn

PAIRED = Paired(forget="sets/forget05.jsonl", retain="sets/retain95.jsonl", refusals="refusals.json")


def carrier_of(kind: str, **keys: Any) -> CarrierSpec:
    return CarrierSpec(name=kind, kind=kind, **keys)


def objective_spec(kind: str, **keys: Any) -> ObjectiveSpec:
    told = facts.facts(facts.file_of(OBJECTIVE, kind))
    return ObjectiveSpec(name=kind, kind=kind, **{"retain": told["RETAIN"], **told.get("PARAMETERS", {}), **keys})


def objective_of(kind: str, **keys: Any) -> Any:
    """The same with its terms loaded, for tests that run them."""
    from grunflow.objectives.loading import objective

    return objective(objective_spec(kind, **keys))


def unlearn(objective: ObjectiveSpec, carrier: CarrierSpec, **more: Any) -> Unlearn:
    return Unlearn(
        benchmark="tofu", model=Model(name="tiny", architecture={}), split="forget05", stream=PAIRED, objective=objective,
        carrier=carrier, training=Training(learning_rate=1e-3, steps=1), target_seed=0, unlearn_seed=0, **more,
    )  # fmt: skip
