"""`where`: which runs of a study a condition, an attack or a sequence concerns, by names or kinds of what a run is made of."""

from collections.abc import Iterable, Mapping
from typing import Any

from grunflow.config import facts
from grunflow.config.facts import CARRIER, OBJECTIVE
from grunflow.config.methods import carrier_source, objective_source
from grunflow.config.runs import Part, Run
from grunflow.config.study import Resolved
from grunflow.errors import BadInput, unknown_name


def is_on(part: Part, run: Run, where: Mapping[Any, Iterable[str]]) -> bool:
    """Whether a run is one of those that `where` names. A reference model has no method: its benchmark and model decide."""
    study = part.study
    here = {"benchmark": {part.name, part.spec.kind}, "model": {run.model}}
    if not run.is_reference:
        here["objective"] = {run.objective, objective_source(study, run.objective).kind}
        here["carrier"] = {run.carrier, carrier_source(study, run.carrier).kind}
    return all(not here[key].isdisjoint(names) for key, names in where.items() if key in here)


def check_where(study: Resolved, given: Mapping[Any, Iterable[str]], where: str) -> None:
    """A name that stands for nothing is refused: nothing would ever be meant by it."""
    known: Mapping[Any, set[str]] = {
        "benchmark": {*study.benchmarks, *(spec.kind for spec in study.resolved)},
        "model": set(study.models),
        "objective": {*study.objectives, *facts.names(OBJECTIVE)},
        "carrier": {*study.carriers, *facts.names(CARRIER)},
    }
    for key, names in given.items():
        for name in names:
            if name not in known[key]:
                raise BadInput(f"{where}.where.{key}: {unknown_name(key, name, known[key])}")
