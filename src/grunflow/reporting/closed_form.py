"""Figures that follow from a model's shape and a method's keys alone, for models that a study has not run."""

from typing import Any

from grunflow.config.claims import Method
from grunflow.config.facts import CARRIER
from grunflow.config.limits import Shape
from grunflow.config.methods import part_of, source_of
from grunflow.config.models import Architecture
from grunflow.config.parts import CarrierSpec
from grunflow.costs.flops import trained_parameters
from grunflow.costs.shapes import Shapes


def figures(model: str, architecture: Architecture, method: Method) -> dict[str, Any]:
    """Columns of table efficiency -> value, of a model of this shape; nothing where its vocabulary is the study's.

    Raises:
        BadInput: the method has no such key.
    """
    if architecture.vocabulary is None:
        return {}
    shapes = Shapes.of_sheet(architecture, architecture.vocabulary)
    limit = Shape(model, architecture.layers, architecture.hidden_size)
    where = f"claims, closed_form of {model}"
    carrier = part_of(CarrierSpec, method.kind, source_of({}, CARRIER, method.kind, where), method.keys, where, limit)
    trained, every = trained_parameters(shapes, carrier), shapes.parameters
    return {"trained_parameters": trained, "model_parameters": every, "trained_fraction": trained / every}
