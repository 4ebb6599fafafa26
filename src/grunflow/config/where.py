"""`where`: which runs of a study a condition, an attack or a sequence concerns, by names or kinds of what a run is made of, and seeds."""

from collections.abc import Iterable, Mapping
from typing import Any

from grunflow.config import facts
from grunflow.config.facts import CARRIER, OBJECTIVE
from grunflow.config.methods import carrier_source, objective_source
from grunflow.config.references import goes_with
from grunflow.config.runs import Part, Run
from grunflow.config.study import Resolved
from grunflow.errors import BadInput, unknown_name

SEEDS = frozenset({"target_seed", "unlearn_seed"})


def is_on(part: Part, run: Run, where: Mapping[Any, Iterable[int | str]]) -> bool:
    """Whether a run is one of those that `where` names, or a reference model that such a run may be held against. What a run does not
    have decides nothing: one from a base or a finished target has no target seed."""
    if run.is_reference and not SEEDS.isdisjoint(where):
        return any(goes_with(run, other) and _names(part, other, where) for other in part.grid)
    return _names(part, run, where)


def _names(part: Part, run: Run, where: Mapping[Any, Iterable[int | str]]) -> bool:
    """A reference model has no method: its benchmark and model decide."""
    study = part.study
    here: dict[str, set[int | str]] = {"benchmark": {part.name, part.spec.kind}, "model": {run.model}}
    seeds = {"target_seed": run.target_seed, "unlearn_seed": run.unlearn_seed}
    here |= {key: {seed} for key, seed in seeds.items() if seed is not None}
    if not run.is_reference:
        here["objective"] = {run.objective, objective_source(study, run.objective).kind}
        here["carrier"] = {run.carrier, carrier_source(study, run.carrier).kind}
    return all(not here[key].isdisjoint(names) for key, names in where.items() if key in here)


def check_where(study: Resolved, given: Mapping[Any, Iterable[int | str]], where: str) -> None:
    """A name that stands for nothing, and a seed that no run has, are refused: nothing would ever be meant by it."""
    known: Mapping[Any, set[str]] = {
        "benchmark": {*study.benchmarks, *(spec.kind for spec in study.resolved)},
        "model": set(study.models),
        "objective": {*study.objectives, *facts.names(OBJECTIVE)},
        "carrier": {*study.carriers, *facts.names(CARRIER)},
    }
    for key, names in given.items():
        place = f"{where}.where.{key}"
        if key in known:
            unknown = [str(name) for name in names if name not in known[key]]
            if unknown:
                raise BadInput(f"{place}: {unknown_name(key, unknown[0], known[key])}")
            continue
        seeds = sorted({getattr(item, key) for item in study.seeds})
        missing = [name for name in names if name not in seeds]
        if missing:
            raise BadInput(f"{place}: got {missing[0]!r}, expected one of the study's: {', '.join(map(str, seeds))}.")


def of_any_seed(keys: dict[str, Any]) -> dict[str, Any]:
    """A condition, an attack or a sequence whose `where` names no seed: a study that was cut down may lack it."""
    where = {key: names for key, names in (keys.get("where") or {}).items() if key not in SEEDS}
    rest = {key: value for key, value in keys.items() if key != "where"}
    return rest | ({"where": where} if where else {})
