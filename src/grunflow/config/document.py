"""Write config/schema.json, and the tables of keys in config/README.md: `python -m grunflow.config.document`.

tests/config/test_document.py fails where they are not what this would write.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grunflow.config import facts
from grunflow.config.conventions import PRESETS, Conventions
from grunflow.config.facts import BENCHMARK, CARRIER, CONDITION, OBJECTIVE, Kind
from grunflow.config.schema import Schema, common_keys, own_keys, schema, summary

COMMAND = "python -m grunflow.config.document"
START, END = f"<!-- Written by `{COMMAND}` from here -->", "<!-- to here -->"
SCHEMA, README = Path("config/schema.json"), Path("config/README.md")
# Heading of a class's table; what else a study reads from is found on the way.
PLACES = {
    "Rows": "grid",
    "Seeds": "seeds",
    "External": "external",
    "Override": "overrides",
    "Relearning": "attacks",
    "Sequence": "sequences",
    "Snapshots": "snapshots",
    "PublishedLog": "published_logs",
    "Training": "training",
    "Cut": "texts",
    "Model": "models_sheet",
    "Published": "models_sheet: target, retain",
    "Architecture": "models_sheet: architecture",
    "ModelSources": "models_sheet: sources",
    "Chat": "conventions: chat",
    "Conventions": "conventions",
}
MODELS = ("Model", "Published", "Architecture", "ModelSources")


def main() -> None:
    for path, text in written().items():
        path.write_text(text)


def written() -> dict[Path, str]:
    """File -> what is to stand in it."""
    whole = schema()
    before, _, rest = README.read_text().partition(START)
    after = rest.partition(END)[2]
    tables = "\n\n".join(sections(whole))
    return {
        SCHEMA: json.dumps(whole, indent=1, ensure_ascii=False) + "\n",
        README: f"{before}{START}\n\n{tables}\n\n{END}{after}",
    }


def sections(whole: Schema) -> Iterator[str]:
    """Headings with their tables: the study, what its keys hold, parts, benchmarks, the sheet of models."""
    defs, kinds = whole["$defs"], facts.names(BENCHMARK)
    places = {name: heading for name, heading in PLACES.items()}
    places |= {f"{kind.noun}_named": f"{kind.noun}s" for kind in (OBJECTIVE, CARRIER, CONDITION)}
    places |= {f"{kind}.Keys": f"benchmarks: {kind}" for kind in kinds}
    nested: dict[str, list[str]] = {}
    for kind in kinds:
        nested[kind] = []
        for name, heading in _nested(f"benchmarks: {kind}", defs[f"{kind}.Keys"], defs):
            if name not in places:
                places[name] = heading
                nested[kind].append(name)
    yield _section("A study", whole, places)
    for name in PLACES:
        if name not in MODELS:
            yield _section(f"`{places[name]}`", defs[name], places)
    yield _presets()
    for part in (OBJECTIVE, CARRIER, CONDITION):
        yield _parts(part)
    for kind in kinds:
        for name in (f"{kind}.Keys", *nested[kind]):
            yield _section(f"`{places[name]}`", defs[name], places)
    for name in MODELS:
        yield _section(f"`{places[name]}`", defs[name], places)


def _nested(place: str, form: Schema, defs: dict[str, Schema]) -> Iterator[tuple[str, str]]:
    """(class, heading) of what keys hold, as they are met."""
    for key, value in form["properties"].items():
        for name in _references(value):
            yield name, f"{place}.{key}"
            yield from _nested(f"{place}.{key}", defs[name], defs)


def _references(form: Schema) -> list[str]:
    """Names of the classes that a key may hold, by themselves, in a list or by name."""
    inner = [*form.get("anyOf", []), *([form["items"]] if "items" in form else []), *_by_name(form)]
    own = [form["$ref"].rpartition("/")[2]] if "$ref" in form else []
    return [*own, *(name for part in inner for name in _references(part))]


def _by_name(form: Schema) -> list[Schema]:
    """Forms of the values of a mapping whose keys are names."""
    more = form.get("additionalProperties")
    return [*form.get("patternProperties", {}).values(), *([more] if isinstance(more, dict) else [])]


def _default_of(key: str, form: Schema) -> str:
    """A key's default; "" where it follows from others."""
    value = form["properties"][key]
    return _default(value) if "default" in value or key in form.get("required", ()) else ""


def _section(heading: str, form: Schema, places: dict[str, str]) -> str:
    told = _text(form.get("description", "").strip())
    rows = [
        f"| `{key}` | {values(value, places)} | {_default_of(key, form)} | {_text(value['description'])} |"
        for key, value in form["properties"].items()
        if key != "kind"
    ]
    parts = [
        f"## {heading}",
        told,
        "\n".join(["| key | values | default | meaning |", "| --- | --- | --- | --- |", *rows]),
    ]
    return "\n\n".join(filter(None, parts))


def _presets() -> str:
    """What a preset's name stands for."""
    keys = [key for key in Conventions.model_fields if key != "preset"]
    head = [f"| preset | {' | '.join(f'`{key}`' for key in keys)} |", "| --- |" + " --- |" * len(keys)]
    rows = []
    for preset, values_of in PRESETS.items():
        full = {**Conventions().model_dump(), **values_of}
        rows.append(f"| `{preset}` | {' | '.join(_preset_value(full[key]) for key in keys)} |")
    return "\n".join([*head, *rows])


def _preset_value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} `{part}`" for key, part in value.items() if part)
    return f"`{value}`"


def _parts(kind: Kind) -> str:
    """The package's parts of a kind, and their keys."""
    names, common = facts.names(kind), common_keys(kind)
    listed = [f"| `{name}` | {_text(summary(kind, name))}{_retain(kind, name)} |" for name in names]
    rows: dict[str, list[str]] = {}
    for name in names:
        for key, form in own_keys(kind, name).items():
            told = f"| {values(form, {})} | {_default(form)} | {_text(form['description'])} |"
            rows.setdefault(f"| `{key}` | {{}} {told}", []).append(f"`{name}`")
    shared = [
        f"| `{key}` | all | {values(form, {})} | {'its own' if key == 'retain' else _default(form)} | {_text(form['description'])} |"
        for key, form in common.items()
    ]
    own = [row.replace("{}", ", ".join(of), 1) for row, of in rows.items()]
    return "\n\n".join(
        [
            f"## `{kind.noun}s`",
            "\n".join([f"| {kind.noun} | what it is |", "| --- | --- |", *listed]),
            "\n".join(["| key | of | values | default | meaning |", "| --- | --- | --- | --- | --- |", *shared, *own]),
        ]
    )


def _retain(kind: Kind, name: str) -> str:
    """An objective's own retain term."""
    own = facts.facts(facts.file_of(kind, name)).get("RETAIN")
    return f" Retain term: `{own}`." if own else ""


def values(form: Schema, places: dict[str, str]) -> str:
    """What a key may be, in words."""
    if several := form.get("anyOf") or form.get("oneOf"):
        return " or ".join(dict.fromkeys(values(part, places) for part in several))
    if "$ref" in form:
        name = form["$ref"].rpartition("/")[2]
        return f"[{places[name] if name.endswith('.Keys') else 'keys'}](#{_anchor(places[name])})"
    if "enum" in form or "const" in form:
        return ", ".join(f"`{value}`" for value in form.get("enum", [form.get("const")]))
    kind: str = form.get("type", "any")
    if kind == "array":
        return f"list ({values(form['items'], places)})"
    if kind == "object":
        named = _by_name(form)
        return f"name -> {values(named[0], places)}" if named else "keys"
    words = {"integer": "whole number", "string": "text", "boolean": "`true`, `false`"}
    return words.get(kind, kind) + _bounds(form)


def _bounds(form: Schema) -> str:
    words = {"minimum": " from", "exclusiveMinimum": " above", "maximum": " to", "exclusiveMaximum": ", below"}
    words |= {"maximum": ", up to"} if "exclusiveMinimum" in form else {}
    limits = {key: "2^63" if form[key] == 2**63 else format(form[key], "g") for key in words if key in form}
    return "".join(f"{words[key]} {limit}" for key, limit in limits.items())


def _default(form: Schema) -> str:
    if "default" not in form:
        return "needed"
    default = form["default"]
    if isinstance(default, dict | list):
        return "" if not default or isinstance(default, dict) else ", ".join(f"`{item}`" for item in default)
    return "null" if default is None else f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _anchor(heading: str) -> str:
    """How GitHub names a heading's place."""
    kept = "".join(letter for letter in heading.lower() if letter.isalnum() or letter in " -_")
    return kept.replace(" ", "-")


def _text(description: str) -> str:
    return description.replace("|", "\\|").replace("<", "\\<")


if __name__ == "__main__":
    main()
