"""Reading a mapping into a typed class, with one-line errors that name file and key."""

import re
from collections.abc import Hashable, Iterator
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from grunflow.config.base import Typed
from grunflow.errors import BadInput, unknown_name

S = TypeVar("S", bound=Typed)
NAMED = r"'([^']+)'"  # names in pydantic's messages
LONGEST = 80  # characters of a value in a message


def typed(kind: type[S], values: dict[str, Any], where: str) -> S:
    """Validate `values`, turning pydantic's report into one line that names each key."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        found = error.errors()
        # A list is also found too short when all that it held was refused.
        inner = [item for item in found if not any(_beneath(item["loc"], other["loc"]) for other in found)]
        raise BadInput(" ".join(_sentence(kind, item, where) for item in inner)) from None


def _beneath(path: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    """Whether `other` lies below `path`."""
    return len(other) > len(path) and other[: len(path)] == path


def _sentence(kind: type[BaseModel], item: Any, where: str) -> str:
    path = item["loc"]
    place = where + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)
    if path[-1:] == ("[key]",):  # a key of a mapping that takes some names only
        return (
            f"{place.removesuffix('.[key]')}: {unknown_name('key', str(item['input']), re.findall(NAMED, item['msg']))}"
        )
    if item["type"] == "extra_forbidden":
        known = {name for found in _classes(kind, path[:-1]) for name in found.model_fields}
        return f"{place}: {unknown_name('key', str(path[-1]), known)}"
    if item["type"] == "missing":
        return f"{place}: missing; add it."
    reason = item["msg"].removeprefix("Value error, ").replace("Input should be", "expected")
    # A relation of several keys is of the whole mapping, which says nothing new.
    if item["type"] == "value_error" and isinstance(item["input"], dict | BaseModel):
        return f"{place}: {reason}."
    value = repr(item["input"])
    return f"{place}: got {value if len(value) <= LONGEST else value[:LONGEST] + '...'}, {reason}."


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
        with open(path, encoding="utf-8") as handle:
            content = yaml.load(handle, _Loader)
    except FileNotFoundError:
        raise BadInput(f"{key}: no file {path!r}. Run from the repository's root, or correct the path.") from None
    except OSError as error:
        raise BadInput(f"{key}: cannot read {path!r}: {error.strerror}; correct the path.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        if mark is None:
            raise BadInput(f"{key}: {path!r} is not YAML: {' '.join(str(error).split())}") from None
        raise BadInput(f"{key}: {path!r} line {mark.line + 1}: {error.problem}; correct it.") from None  # type: ignore[union-attr]
    if not isinstance(content, dict):
        raise BadInput(f"{key}: {path!r} holds {type(content).__name__}, expected a mapping.")
    return content
