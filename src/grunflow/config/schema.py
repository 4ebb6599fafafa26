"""A study's config file as a JSON schema, made from the typed classes and from what the parts' own files say of their keys.

Editors read it (config/schema.json), and config/README.md is written from it. A key without a description is an error.
"""

import ast
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from grunflow.benchmarks.base import keys_of
from grunflow.config import facts
from grunflow.config.base import NAME
from grunflow.config.facts import BENCHMARK, CARRIER, CONDITION, OBJECTIVE, Kind
from grunflow.config.models import Model
from grunflow.config.parts import CarrierSpec, ConditionSpec, ObjectiveSpec, Part, Training
from grunflow.config.sets import Cut
from grunflow.config.study import Concerned, Study
from grunflow.data.prompts import CHAT, TEMPLATES
from grunflow.errors import BadInput

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
# A limit's word (config/limits.py) -> its form, as far as no model is asked.
FORMS: dict[str, Schema] = {
    "positive": {"type": "number", "exclusiveMinimum": 0},
    "not negative": {"type": "number", "minimum": 0},
    "share": {"type": "number", "minimum": 0, "exclusiveMaximum": 1},
    "unit": {"type": "number", "minimum": 0, "maximum": 1},
    "count": {"type": "integer", "minimum": 1},
    "whole": {"type": "integer", "minimum": 0},
    "question": {"type": "string", "pattern": "\\{question\\}"},
    "text": {"type": "string", "minLength": 1},
    "template": {"enum": [*TEMPLATES, CHAT]},
    "parameter": {"type": "string", "minLength": 1},
    "rank": {"type": "integer", "minimum": 1},
    "block": {"type": "integer", "minimum": 0},
    "blocks": {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1, "uniqueItems": True},
    "rising": {
        "type": "array",
        "items": {"type": "number", "minimum": 0, "maximum": 1},
        "minItems": 2,
        "uniqueItems": True,
    },
}
PARTS: dict[Kind, type[Part]] = {OBJECTIVE: ObjectiveSpec, CARRIER: CarrierSpec, CONDITION: ConditionSpec}
FILE = "Python file of your own that does it (docs/extending.md); its PARAMETERS are keys beside these"


class _Untitled(GenerateJsonSchema):
    """Without a title that repeats the key."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def schema() -> Schema:
    """The whole: of a study, with `$defs/models` for the sheet of models."""
    benchmarks = {name: keys_of(name) for name in facts.names(BENCHMARK)}
    classes: list[type[BaseModel]] = [Study, Model, Training, Cut, *benchmarks.values()]
    references, made = models_json_schema([(kind, "validation") for kind in classes], schema_generator=_Untitled)
    place = {kind: reference["$ref"].rpartition("/")[2] for (kind, _), reference in references.items()}
    defs = made["$defs"]
    for name, keys_class in benchmarks.items():
        own = defs[place[keys_class]]
        own["properties"] = {"kind": _kind(name, BENCHMARK), **own["properties"]}
    for kind in PARTS:
        defs |= {f"{kind.noun}_{name}": _part(kind, name) for name in facts.names(kind)}
    defs |= {name: _partial(defs[name]) for name in ("Training", "Cut")}
    study = defs.pop("Study")
    keys = study["properties"]
    _into(keys["benchmarks"], _by_name([_reference(place[kind]) for kind in benchmarks.values()]))
    _into(keys["objectives"], _named(OBJECTIVE, defs))
    _into(keys["carriers"], _named(CARRIER, defs))
    _into(keys["conditions"], _named(CONDITION, defs))
    _into(keys["training"], {"type": "object", "additionalProperties": _reference("Training")})
    parts = {kind.noun: _any_of_kind(kind) for kind in (OBJECTIVE, CARRIER)} | {"training": _reference("Training")}
    for name, form in parts.items():
        _into(defs["Override"]["properties"][name], form)
    _into(defs["Override"]["properties"]["texts"], _reference("Cut"))
    _into(defs["Relearning"]["properties"]["training"], _reference("Training"))
    variant = {"type": "object", "properties": parts, "additionalProperties": False}
    _into(keys["variants"], {"type": "object", "additionalProperties": variant})
    models = _partial(defs["Model"])
    models["properties"].pop("name")
    defs["Model"] = models
    defs["models"] = {"type": "object", "additionalProperties": _reference("Model")}
    whole = _short({"$schema": DIALECT, **study, "title": "A study of grunflow", "$defs": dict(sorted(defs.items()))})
    check_described(whole)
    return whole


def own_keys(kind: Kind, name: str) -> dict[str, Schema]:
    """The keys of a part's own file: PARAMETERS, each within its LIMITS, as its MEANINGS say.

    Raises:
        BadInput: a parameter without a meaning.
    """
    path = facts.file_of(kind, name)
    told = facts.facts(path)
    shared = facts.facts(facts.PACKAGE / "objectives" / "states.py") if told.get("STATES") else {}
    found = {}
    for key, default in (shared.get("PARAMETERS", {}) | told.get("PARAMETERS", {})).items():
        meaning = told.get("MEANINGS", {}).get(key) or shared.get("MEANINGS", {}).get(key)
        if not meaning:
            raise BadInput(f"{path}: MEANINGS says nothing of {key!r}; add a sentence.")
        form = _form(told.get("LIMITS", {}).get(key) or shared.get("LIMITS", {}).get(key), default)
        needed = default is None and key not in told.get("OPTIONAL", ())
        found[key] = {**form, "description": meaning, **({} if needed else {"default": default})}
    return found


def common_keys(kind: Kind) -> dict[str, Schema]:
    """Keys of every part of a kind: those of its spec's class but for name, kind and file."""
    _, made = models_json_schema([(PARTS[kind], "validation")], schema_generator=_Untitled)
    own = made["$defs"][PARTS[kind].__name__]["properties"]
    if kind is CONDITION:
        own = own | Concerned.model_json_schema(schema_generator=_Untitled)["properties"]
    return {key: form for key, form in own.items() if key not in Part.model_fields}


def summary(kind: Kind, name: str) -> str:
    """The first paragraph of a part's file, without its name."""
    told = ast.get_docstring(facts.tree(facts.file_of(kind, name))) or ""
    told = " ".join(told.split("\n\n")[0].split()).removeprefix(f"{kind.noun.capitalize()} {name}: ")
    return told[:1].upper() + told[1:]


def _form(limit: str | tuple[str, ...] | None, default: Any) -> Schema:
    if isinstance(limit, tuple):
        return {"enum": list(limit)}
    if limit is not None:
        return FORMS[limit]
    if isinstance(default, str):
        return {"type": "string"}
    return {"type": "number"} if isinstance(default, int | float) and not isinstance(default, bool) else {}


def _part(kind: Kind, name: str) -> Schema:
    """A part as a study sets it. A key may be null, for its default; what is needed may come from `overrides`."""
    common = common_keys(kind)
    retain = facts.facts(facts.file_of(kind, name)).get("RETAIN")
    if "retain" in common:
        common["retain"] = _or_null({**common["retain"], "default": retain})
    own = {key: _or_null(form) for key, form in own_keys(kind, name).items()}
    return {
        "description": summary(kind, name),
        "type": "object",
        "properties": {"kind": _kind(name, kind), **common, **own},
        "additionalProperties": False,
    }


def _kind(name: str, kind: Kind) -> Schema:
    return {"const": name, "description": f"the {kind.noun} that it is; the name where none is given"}


def _or_null(form: Schema) -> Schema:
    told = {key: value for key, value in form.items() if key in ("description", "default")}
    rest = {key: value for key, value in form.items() if key not in told}
    return {"anyOf": [rest, {"type": "null"}], **told} if rest else form


def _reference(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _by_name(forms: list[Schema]) -> Schema:
    return {"type": "object", "propertyNames": {"pattern": NAME}, "additionalProperties": {"anyOf": forms}}


def _named(kind: Kind, defs: dict[str, Schema]) -> Schema:
    """Name -> keys: of the package's part of that name, or of one that `kind` or `file` names."""
    names = facts.names(kind)
    others = [{"allOf": [_reference(f"{kind.noun}_{name}"), {"required": ["kind"]}]} for name in names]
    own = {"file": {"type": "string", "description": FILE}, **common_keys(kind)}
    told = f"{kind.noun} of your own"
    defs[f"{kind.noun}_file"] = {"description": told, "type": "object", "properties": own, "required": ["file"]}
    others.append(_reference(f"{kind.noun}_file"))
    defs[f"{kind.noun}_named"] = {"anyOf": others}
    other = _reference(f"{kind.noun}_named")
    found = _by_name([other])
    found["properties"] = {name: {"anyOf": [_reference(f"{kind.noun}_{name}"), other]} for name in names}
    return found


def _any_of_kind(kind: Kind) -> Schema:
    """Keys of any part of a kind, for overrides and variants; a method of the user's own may have others."""
    forms: dict[str, list[Schema]] = {}
    for name in facts.names(kind):
        for key, form in own_keys(kind, name).items():
            rest = {word: value for word, value in form.items() if word not in ("default", "description")}
            forms.setdefault(key, []).extend([rest] if rest not in forms.get(key, []) else [])
    own = {key: {"anyOf": [*several, {"type": "null"}]} for key, several in forms.items()}
    common = {
        key: {word: value for word, value in form.items() if word != "default"}
        for key, form in common_keys(kind).items()
    }
    if "retain" in common:
        common["retain"] = _or_null(common["retain"])
    return {"type": "object", "properties": {**common, **own}}


def _partial(form: Schema) -> Schema:
    """The same with nothing needed: overrides may give it."""
    return {key: value for key, value in form.items() if key != "required"} | {"properties": dict(form["properties"])}


def _into(place: Schema, form: Schema) -> None:
    """A narrower form in place of a class's, which says `keys` only; its description and default stay."""
    told = {key: value for key, value in place.items() if key in ("description", "default", "minProperties")}
    place.clear()
    place.update({**form, **told})


def _short(node: Any) -> Any:
    """Classes of one name get their benchmark's before it, in place of the whole path that pydantic gives them."""
    if isinstance(node, dict):
        return {_short_name(key): _short(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_short(item) for item in node]
    return _short_name(node) if isinstance(node, str) else node


def _short_name(text: str) -> str:
    head, slash, name = text.rpartition("/")
    words = name.split("__")
    return f"{head}{slash}{words[2]}.{words[-1]}" if name.startswith("grunflow__benchmarks__") else text


def check_described(whole: Schema) -> None:
    """Every key of every class says what it is."""
    for name, form in {"Study": whole, **whole["$defs"]}.items():
        for key, value in form.get("properties", {}).items():
            if not value.get("description"):
                raise BadInput(f"{name}.{key} has no description; give its Field one.")
