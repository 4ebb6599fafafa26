"""A study's methods: its names of objectives and carriers, with the keys of their files, overrides and variants applied."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from grunflow.config import facts, limits
from grunflow.config.facts import CARRIER, CONDITION, OBJECTIVE, Kind
from grunflow.config.outside import check_facts, digest_of_file
from grunflow.config.parts import CarrierSpec, ConditionSpec, ObjectiveSpec, Part, Training
from grunflow.config.study import Override, Resolved, Study
from grunflow.config.typed import typed
from grunflow.errors import BadInput, unknown_name

P = TypeVar("P", bound=Part)


class Method(NamedTuple):
    objective: ObjectiveSpec
    carrier: CarrierSpec
    training: Training
    texts: dict[str, Any]


class Source(NamedTuple):
    """Where a part of a study is defined: its kind (the name of a file of the package) or a file of the user's."""

    kind: str
    path: Path
    outside: bool

    @property
    def facts(self) -> dict[str, Any]:
        return facts.facts(self.path)


def source_of(table: dict[str, dict[str, Any]], kind: Kind, name: str, where: str) -> Source:
    """What `name`, a study's or the package's own, stands for.

    Raises:
        BadInput: neither; or a file that is no part of this kind.
    """
    keys = table.get(name, {})
    if "file" in keys:
        if "kind" in keys:
            raise BadInput(f"{where}.{name}: got kind and file; give one of them.")
        path = Path(str(keys["file"]))
        check_facts(path, f"{where}.{name}.file")
        if not facts.is_one(kind, path):
            raise BadInput(
                f"{where}.{name}.file: {path} defines no {' or '.join(map(repr, kind.markers))}, which every {kind.noun} does; see docs/extending.md."
            )
        return Source("", path, True)
    known = facts.names(kind)
    if keys.get("kind", name) not in known:
        available = known if name in table else sorted({*known, *table})
        key = f"{where}.{name}.kind" if "kind" in keys else where
        raise BadInput(f"{key}: {unknown_name(kind.noun, str(keys.get('kind', name)), available)}")
    return Source(keys.get("kind", name), facts.file_of(kind, keys.get("kind", name)), False)


def objective_source(study: Study, name: str) -> Source:
    return source_of(study.objectives, OBJECTIVE, name, "config.objectives")


def carrier_source(study: Study, name: str) -> Source:
    return source_of(study.carriers, CARRIER, name, "config.carriers")


def trains(study: Study, carrier: str) -> str:
    """What a carrier trains, as its file says (config/terms.py)."""
    return carrier_source(study, carrier).facts["TRAINS"]


def overrides_of(study: Study, benchmark: str, model: str, objective: str, carrier: str) -> list[Override]:
    """The overrides whose `where` matches; a name or a kind may stand there."""
    here = {
        "benchmark": {benchmark, study.benchmarks[benchmark].get("kind", benchmark)},
        "model": {model},
        "objective": {objective, objective_source(study, objective).kind},
        "carrier": {carrier, carrier_source(study, carrier).kind},
    }
    return [item for item in study.overrides if all(value in here[key] for key, value in item.where.items())]


def keys_of(
    study: Study, benchmark: str, model: str, objective: str, carrier: str, variant: str = ""
) -> dict[str, dict[str, Any]]:
    """Part -> its keys: defaults of the objective and of the carrier, every matching override in order, then the variant."""
    parts: dict[str, dict[str, Any]] = {
        "objective": dict(study.objectives.get(objective, {})),
        "carrier": dict(study.carriers.get(carrier, {})),
        "training": dict(study.training.get(carrier, study.training.get(carrier_source(study, carrier).kind, {}))),
        "texts": {},
    }
    for override in overrides_of(study, benchmark, model, objective, carrier):
        for part in parts:
            parts[part] |= getattr(override, part)
    for part, values in study.variants.get(variant, {}).items():
        parts[part] |= values
    for key in carrier_source(study, carrier).facts.get("CONVENTIONS", ()):
        parts["carrier"].setdefault(key, getattr(study.conventions, key))
    return parts


def shape_of(study: Resolved, model: str) -> limits.Shape:
    row = study.model(model)
    return limits.Shape(row.name, row.architecture.layers, row.architecture.hidden_size)


def method(study: Resolved, benchmark: str, model: str, objective: str, carrier: str, variant: str = "") -> Method:
    """An objective on a carrier, as the study has them."""
    parts = keys_of(study, benchmark, model, objective, carrier, variant)
    place, shape = f"{objective} x {carrier}", shape_of(study, model)
    own, held = objective_source(study, objective), carrier_source(study, carrier)
    parts["objective"] = without_null_retain(parts["objective"])
    parts["objective"].setdefault("retain", own.facts.get("RETAIN", "nll"))
    return Method(
        part_of(ObjectiveSpec, objective, own, parts["objective"], f"objectives.{objective} ({place})", shape),
        part_of(CarrierSpec, carrier, held, parts["carrier"], f"carriers.{carrier} ({place})", shape),
        typed(Training, parts["training"], f"training.{carrier} ({place})"),
        parts["texts"],
    )


def carrier_of(study: Resolved, benchmark: str, model: str, objective: str, carrier: str, where: str) -> CarrierSpec:
    """A carrier by itself: of an attack, whose objective and training are its own."""
    keys = keys_of(study, benchmark, model, objective, carrier)["carrier"]
    return part_of(CarrierSpec, carrier, carrier_source(study, carrier), keys, where, shape_of(study, model))


class Named(NamedTuple):
    """A parameter of some blocks of a model that a carrier asks for by name. where: the key."""

    where: str
    model: str
    name: str
    blocks: tuple[int, ...]


def named_parameters(study: Resolved) -> Iterator[Named]:
    """Every parameter that a method of the grid names."""
    for rows in study.grid:
        for objective, carrier in product(rows.objectives, rows.carriers):
            words = carrier_source(study, carrier).facts.get("LIMITS", {})
            named = [key for key, word in words.items() if word == "parameter"]
            for variant in rows.variants_of(carrier) if named else ():
                spec = method(study, rows.benchmark, rows.model, objective, carrier, variant).carrier
                blocks = sum((spec.get(key) or () for key, word in words.items() if word == "blocks"), ())
                for key in named:
                    if spec.get(key) is not None:
                        yield Named(
                            f"carriers.{carrier} ({objective} x {carrier}).{key}", rows.model, spec.get(key), blocks
                        )


def without_null_retain(keys: dict[str, Any]) -> dict[str, Any]:
    """Null stands for the objective's own retain term."""
    return {key: value for key, value in keys.items() if key != "retain" or value is not None}


def condition_source(study: Study, name: str) -> Source:
    return source_of(study.conditions, CONDITION, name, "config.conditions")


def _named(where: Any, key: str) -> list[str] | None:
    """The names of a `where`; None of one that names none, or is not in order, which config/further.py refuses."""
    found = where.get(key) if isinstance(where, dict) else None
    return found if isinstance(found, list) and all(isinstance(name, str) for name in found) else None


def condition_of(study: Resolved, name: str) -> ConditionSpec:
    """The condition; what it says of a model holds for the smallest that it concerns."""
    given = study.conditions.get(name, {})
    models, benchmarks = (_named(given.get("where"), key) for key in ("model", "benchmark"))
    concerned = [
        rows.model
        for rows in study.grid
        if (models is None or rows.model in models)
        and (benchmarks is None or {rows.benchmark, study.benchmark(rows.benchmark).kind} & set(benchmarks))
    ] or [rows.model for rows in study.grid]
    _, smallest = min((study.model(model).architecture.layers, model) for model in concerned)
    keys = {key: value for key, value in given.items() if key != "where"}  # config/where.py
    source = condition_source(study, name)
    return part_of(ConditionSpec, name, source, keys, f"conditions.{name}", shape_of(study, smallest))


def part_of(
    kind: type[P], name: str, source: Source, keys: dict[str, Any], where: str, shape: limits.Shape, whole: bool = True
) -> P:
    """A part with the PARAMETERS of its file, defaults filled in, each within its limit. whole: none may be missing.

    Raises:
        BadInput: a key that is none, one that is missing, or a value out of range.
    """
    keys = {key: value for key, value in keys.items() if key not in ("kind", "file")}
    told = source.facts
    defaults, optional = dict(told.get("PARAMETERS", {})), told.get("OPTIONAL", ())
    if told.get("STATES"):
        defaults = facts.facts(facts.PACKAGE / "objectives" / "states.py")["PARAMETERS"] | defaults
    bounds = {**facts.facts(facts.PACKAGE / "objectives" / "states.py").get("LIMITS", {}), **told.get("LIMITS", {})}
    common = kind.model_fields.keys() - {"name", "kind", "file"}
    known = sorted({*common, *defaults})
    own = {}
    for key in keys:
        if key not in known:
            raise BadInput(
                f"{where}: {unknown_name('key', key, known) if known else f'got key {key!r}, expected none.'}"
            )
    for key, default in defaults.items():
        value = default if keys.get(key) is None else keys[key]
        if value is None and (key in optional or not whole):
            continue
        if value is None:
            raise BadInput(f"{where}: needs {key}, and has none; add it ({', '.join(sorted(defaults))}).")
        limits.check(where, key, value, bounds.get(key), default, shape)
        own[key] = tuple(value) if isinstance(value, list) else value
    for key, most in told.get("AT_MOST", {}).items():
        if key in own and most in own and own[key] > own[most]:
            raise BadInput(f"{where}.{key}: got {own[key]}, expected at most {most} ({own[most]}).")
    for key, (other, value) in told.get("ONLY_WITH", {}).items():
        if own.get(key) is not None and own.get(other) != value:
            raise BadInput(
                f"{where}.{key}: is for {other}: {value}, and {other} is {own.get(other)!r}; leave it out, or set {other}: {value}."
            )
    outside = digest_of_file(source.path) if source.outside else ""
    shared = {key: value for key, value in keys.items() if key in common}
    return typed(kind, {"name": name, "kind": source.kind, "file": outside, **shared, **own}, where)
