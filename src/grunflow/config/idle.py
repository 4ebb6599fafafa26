"""What stands in a study and applies to none of its runs: overrides, variants, conditions, trainings. Its keys are checked
nevertheless, for it is there to be used."""

from collections.abc import Mapping
from itertools import product
from typing import Any

from grunflow.config import limits
from grunflow.config.conditions import is_put_to
from grunflow.config.methods import (
    Source,
    carrier_source,
    objective_source,
    overrides_of,
    part_of,
    without_null_retain,
)
from grunflow.config.parts import CarrierSpec, ObjectiveSpec, Part, Training
from grunflow.config.runs import parts as parts_of
from grunflow.config.study import Override, Resolved
from grunflow.config.typed import typed
from grunflow.errors import BadInput


def idle(study: Resolved) -> list[str]:
    """Sentences about overrides that match no run of the grid, variants that no row of it names, and conditions that mean something
    to no run."""
    applied = _applied(study)
    found = [
        f"config.overrides[{number}]: no run of the grid matches {override.where}; it changes nothing"
        for number, override in enumerate(study.overrides)
        if override not in applied
    ]
    named = {name for rows in study.grid for names in rows.variants.values() for name in names}
    found += [
        f"config.variants.{name}: no row of the grid names it; it changes nothing"
        for name in study.variants
        if name not in named
    ]
    runs = [(part, run) for part in parts_of(study) for run in part.runs]
    return found + [
        f"config.conditions.{name}: no run is put under it: `where` names none, none has the carrier or the target and retain model that it needs, or no probe "
        "hears it (docs/robustness.md); it changes nothing"
        for name in study.conditions
        if not any(is_put_to(part, run, name) for part, run in runs)
    ]


def _applied(study: Resolved) -> list[Override]:
    return [
        override
        for rows in study.grid
        for objective, carrier in product(rows.objectives, rows.carriers)
        for override in overrides_of(study, rows.benchmark, rows.model, objective, carrier)
    ]


def check_unused(study: Resolved, shape: limits.Shape) -> None:
    """The keys of trainings, overrides and variants, whether or not a run of the grid uses them.

    Raises:
        BadInput: an override that sets nothing, or a key or value that no part takes.
    """
    for name, keys in study.training.items():
        _check_training(keys, f"config.training.{name}")
    for number, override in enumerate(study.overrides):
        where = f"config.overrides[{number}]"
        given = {part: getattr(override, part) for part in ("objective", "carrier", "training", "texts")}
        if not any(given.values()):
            raise BadInput(f"{where}: sets nothing; give objective, carrier, training or texts, or leave it out.")
        _check_given(study, override.where, given, where, shape)
    for name, parts in study.variants.items():
        _check_given(study, {}, parts, f"config.variants.{name}", shape)


def _check_given(
    study: Resolved,
    where: Mapping[Any, str],
    given: Mapping[str, dict[str, Any]],
    place: str,
    shape: limits.Shape,
) -> None:
    _check_training(given.get("training", {}), f"{place}.training")
    objectives = [where["objective"]] if "objective" in where else dict.fromkeys(
        name for rows in study.grid for name in rows.objectives
    )  # fmt: skip
    carriers = [where["carrier"]] if "carrier" in where else dict.fromkeys(
        name for rows in study.grid for name in rows.carriers
    )  # fmt: skip
    keys = without_null_retain(given.get("objective", {}))
    _one_takes(ObjectiveSpec, {name: objective_source(study, name) for name in objectives}, keys, place, shape)
    keys = given.get("carrier", {})
    _one_takes(CarrierSpec, {name: carrier_source(study, name) for name in carriers}, keys, place, shape)


def _check_training(keys: dict[str, Any], where: str) -> None:
    """Each key by itself: what is missing may come from elsewhere."""
    typed(Training, {"learning_rate": 1.0, **keys}, where)


def _one_takes(
    kind: type[Part], sources: Mapping[str, Source], keys: dict[str, Any], where: str, shape: limits.Shape
) -> None:
    """Refuse keys that none of these parts takes."""
    refusals: list[BadInput] = []
    for name, source in sources.items() if keys else ():
        try:
            part_of(kind, name, source, keys, where, shape, whole=False)
            return
        except BadInput as error:
            refusals.append(error)
    if refusals:
        raise refusals[0]
