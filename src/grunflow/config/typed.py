"""Reading a mapping into a typed class, with one-line errors that name file and key."""

from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from grunflow.config.specs import Strict
from grunflow.errors import BadInput, unknown_name

S = TypeVar("S", bound=Strict)


def typed(kind: type[S], values: dict[str, Any], where: str) -> S:
    """Validate `values`, turning pydantic's report into one line that names each key."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise BadInput("; ".join(_sentence(kind, item, where) for item in error.errors())) from None


def _sentence(kind: type[Strict], item: Any, where: str) -> str:
    key = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        return f"{where}: {unknown_name('key', key, kind.model_fields)}"
    return f"{where}.{key}: got {item['input']!r}, {item['msg'].lower()}."


def read_yaml(path: str, key: str) -> dict[str, Any]:
    """A YAML mapping; BadInput names the key that led to the file."""
    try:
        with open(path) as handle:
            content = yaml.safe_load(handle)
    except FileNotFoundError:
        raise BadInput(f"{key}: no file {path!r}. Run from the repository's root, or correct the path.") from None
    except yaml.YAMLError as error:
        raise BadInput(f"{key}: {path!r} is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise BadInput(f"{key}: {path!r} holds {type(content).__name__}, expected a mapping.")
    return content
