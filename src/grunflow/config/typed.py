"""Reading a mapping into a typed class, with one-line errors that name file and key."""

import re
from collections.abc import Hashable, Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.json_schema import SkipJsonSchema

from grunflow.config.base import NAME, NAMED, Typed
from grunflow.config.forms import FORMS
from grunflow.errors import BadInput, not_utf8, shown, unknown_name

S = TypeVar("S", bound=Typed)
# Of a default that follows from another key, which is wrong itself and said to be.
UNTRIED = "default_factory_not_called"
QUOTED = r"'([^']+)'"  # names in pydantic's messages
# pydantic's words -> those of somebody who writes YAML.
WORDS = {"a valid tuple": "a list", "a valid dictionary": "a mapping", "a valid string": "a text",
         "a valid integer": "a whole number", "String should match": "expected to match"}  # fmt: skip


def typed(kind: type[S], values: Any, where: str) -> S:
    """Validate `values`, turning pydantic's report into one line that names each key."""
    if not isinstance(values, dict):
        raise BadInput(f"{where}: got {shown(values)}, expected a mapping.")
    try:
        return kind.model_validate(values)
    except BadInput as error:  # of a file that a default is read from
        raise BadInput(f"{where}: {error}") from None
    except ValidationError as error:
        found = [item for item in error.errors() if item["type"] != UNTRIED]
        # A list is also found too short when all that it held was refused.
        inner = [item for item in found if not any(_beneath(item["loc"], other["loc"]) for other in found)]
        raise BadInput(" ".join(_sentence(kind, item, where) for item in inner)) from None


def _beneath(path: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    """Whether `other` lies below `path`."""
    return len(other) > len(path) and other[: len(path)] == path


def _sentence(kind: type[BaseModel], item: Any, where: str) -> str:
    path, value = tuple(key for key in item["loc"] if key not in FORMS), item["input"]
    if path[-1:] == ("[key]",):  # a key of a mapping that takes some names only
        return f"{_place(where, path[:-1])}: {_key_sentence(item)}"
    place = _place(where, path)
    if item["type"] == "extra_forbidden":
        fields = [item for found in _classes(kind, path[:-1]) for item in found.model_fields.items()]
        known = {name for name, field in fields if not any(isinstance(mark, SkipJsonSchema) for mark in field.metadata)}  # type: ignore[misc]
        return f"{place}: {unknown_name('key', str(path[-1]), known)}"
    if item["type"] == "missing":
        return f"{place}: missing; add it."
    reason = _reason(item)
    # A relation of several keys is of the whole mapping, which says nothing new.
    if item["type"] == "value_error" and isinstance(value, dict | BaseModel):
        return f"{place}: {reason}."
    return f"{place}: got {shown(value)}, {reason}."


def _place(where: str, path: tuple[Any, ...]) -> str:
    """The keys that lead to a value, in one line whatever they hold."""
    return where + "".join(
        f".{key}" if isinstance(key, str) and re.fullmatch(r"[^\s.\[\]]+", key) else f"[{shown(key)}]" for key in path
    )


def _key_sentence(item: Any) -> str:
    """What is wrong with a key of a mapping."""
    if not isinstance(item["input"], str):
        return f"got key {shown(item['input'])}, expected a text; put it in quotes."
    if item["type"] == "string_pattern_mismatch":
        return f"got name {shown(item['input'])}, {_reason(item)}."
    return unknown_name("key", item["input"], re.findall(QUOTED, item["msg"]))


def _reason(item: Any) -> str:
    """What was expected, in the words of YAML."""
    if item["type"] == "string_pattern_mismatch" and item["ctx"]["pattern"] == NAME:
        return f"expected {NAMED}"
    if item["type"] == "too_short":
        return f"expected at least {item['ctx']['min_length']}"
    reason = item["msg"].removeprefix("Value error, ").replace("Input should be", "expected")
    for theirs, ours in WORDS.items():
        reason = reason.replace(theirs, ours)
    return reason


def _classes(kind: Any, path: tuple[Any, ...]) -> list[type[BaseModel]]:
    """Classes that may stand at `path` below `kind`."""
    found = [kind]
    for key in path:
        found = [below for item in found for below in _below(item, key)]
    return [
        item for whole in found for item in _members(whole) if isinstance(item, type) and issubclass(item, BaseModel)
    ]


def _members(kind: Any) -> Iterator[Any]:
    """The alternatives of an annotation."""
    origin = get_origin(kind)
    if origin is Annotated:
        yield from _members(get_args(kind)[0])
    elif origin in (Union, UnionType):
        for item in get_args(kind):
            yield from _members(item)
    else:
        yield kind


def _below(kind: Any, key: Any) -> Iterator[Any]:
    """Annotations of what lies under `key` (of a union pydantic puts the name of the class there, too)."""
    for item in _members(kind):
        arguments = get_args(item)
        if isinstance(item, type) and issubclass(item, BaseModel):
            if key in item.model_fields:
                yield item.model_fields[key].annotation
            elif key == item.__name__:
                yield item
        elif get_origin(item) is dict:
            yield arguments[1]
        elif arguments:
            yield arguments[0]


class _Loader(yaml.SafeLoader):
    """YAML in which a key stands once; PyYAML takes the last of several without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen and isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                raise yaml.MarkedYAMLError(problem=f"key {key.value!r} stands there twice", problem_mark=key.start_mark)
            if isinstance(key, yaml.ScalarNode):
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_yaml(path: str, key: str) -> dict[str, Any]:
    """A YAML mapping; BadInput names the key that led to the file, and the line of what is wrong with it."""
    try:
        content = yaml.load(Path(path).read_bytes().decode("utf-8-sig"), _Loader)
    except FileNotFoundError:
        raise BadInput(f"{key}: no file {path!r}. Run from the repository's root, or correct the path.") from None
    except OSError as error:
        raise BadInput(f"{key}: cannot read {path!r}: {error.strerror}; correct the path.") from None
    except UnicodeDecodeError as error:
        raise BadInput(f"{key}: {path!r} {not_utf8(error)}") from None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        if mark is None:  # a date that is none, a mapping as a key, lists a thousand deep
            raise BadInput(f"{key}: {path!r} is not YAML: {' '.join(str(error).split())[:200]}") from None
        raise BadInput(f"{key}: {path!r} line {mark.line + 1}: {error.problem}; correct it.") from None  # type: ignore[union-attr]
    if not isinstance(content, dict):
        raise BadInput(f"{key}: {path!r} holds {type(content).__name__}, expected a mapping.")
    return content
