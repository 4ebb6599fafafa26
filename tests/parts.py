"""Parts of a method as specs hold them, with the defaults of their files."""

from typing import Any

from grunflow.config.facts import CARRIER, OBJECTIVE
from grunflow.config.limits import Shape
from grunflow.config.methods import part_of, source_of
from grunflow.config.parts import CarrierSpec, ObjectiveSpec

ANY = Shape("any", 1000, 10**6)


def objective(kind: str, **keys: Any) -> ObjectiveSpec:
    source = source_of({}, OBJECTIVE, kind, "objectives")
    return part_of(ObjectiveSpec, kind, source, {"retain": source.facts["RETAIN"], **keys}, "objectives", ANY)


def carrier(kind: str, **keys: Any) -> CarrierSpec:
    return part_of(CarrierSpec, kind, source_of({}, CARRIER, kind, "carriers"), keys, "carriers", ANY)
