"""Values that a part's parameters may have, by the words that stand in its file's LIMITS."""

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

from grunflow.config.base import LARGEST
from grunflow.data.prompts import CHAT, TEMPLATES
from grunflow.errors import BadInput, shown, unknown_name


class Shape(NamedTuple):
    """What a limit may depend on of the model."""

    name: str
    layers: int
    width: int


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LARGEST


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _blocks(value: Any, shape: Shape) -> bool:
    good = isinstance(value, list | tuple) and len(value) > 0 and all(_whole(item) for item in value)
    return good and all(0 <= item < shape.layers for item in value) and len(set(value)) == len(value)


def _rising(value: Any, shape: Shape) -> bool:
    good = isinstance(value, list | tuple) and len(value) > 1 and all(map(_number, value))
    return good and (value[0], value[-1]) == (0, 1) and all(a < b for a, b in pairwise(value))


SCIENTIFIC = re.compile(r"[+-]?[0-9.]+[eE][+-]?[0-9]+")
# Word -> (what is expected, the check).
LIMITS: dict[str, tuple[str, Callable[[Any, Shape], bool]]] = {
    "positive": ("a number above 0", lambda value, shape: _number(value) and value > 0),
    "not negative": ("a number from 0", lambda value, shape: _number(value) and value >= 0),
    "share": ("a number from 0 to below 1", lambda value, shape: _number(value) and 0 <= value < 1),
    "unit": ("a number from 0 to 1", lambda value, shape: _number(value) and 0 <= value <= 1),
    "count": ("a whole number from 1", lambda value, shape: _whole(value) and value >= 1),
    "whole": ("a whole number from 0", lambda value, shape: _whole(value) and value >= 0),
    "question": (
        "a text with {{question}} in it once",
        lambda value, shape: isinstance(value, str) and value.count("{question}") == 1,
    ),
    "text": ("a text", lambda value, shape: isinstance(value, str) and bool(value)),
    # Which names there are only the model's own files say (config/checks.py).
    "parameter": ("a text", lambda value, shape: isinstance(value, str) and bool(value)),
    "template": (
        f"one of {', '.join((*TEMPLATES, CHAT))}",
        lambda value, shape: isinstance(value, str) and value in (*TEMPLATES, CHAT),
    ),
    "rank": (
        "a whole number from 1 to {width}, the hidden size of model {name!r}",
        lambda value, shape: _whole(value) and 1 <= value <= shape.width,
    ),
    "block": (
        "a whole number from 0 to {last}, a block of model {name!r}",
        lambda value, shape: _whole(value) and 0 <= value < shape.layers,
    ),
    "blocks": (
        "different whole numbers from 0 to {last}, blocks of model {name!r}, at least one",
        _blocks,
    ),
    "rising": ("a list of rising numbers from 0 to 1, both of them in it", _rising),
}


def _like(default: Any) -> str | None:
    """The limit of a parameter whose file states none: a value of the default's own kind."""
    if isinstance(default, bool) or default is None:
        return None
    return "text" if isinstance(default, str) else "number" if isinstance(default, int | float) else None


def check(where: str, key: str, value: Any, limit: str | tuple[str, ...] | None, default: Any, shape: Shape) -> None:
    """Refuse a value beyond its limit: a word of LIMITS, a tuple of allowed texts, or (None) the default's own kind.

    Raises:
        BadInput: names the key, the value and what is expected.
    """
    if isinstance(limit, tuple):
        expected, good = f"one of {', '.join(limit)}", value in limit
    elif limit is not None:
        if limit not in LIMITS:
            raise BadInput(f"{where}: LIMITS: {unknown_name('limit', limit, LIMITS)}")
        expected, allowed = LIMITS[limit]
        good = allowed(value, shape)
    else:
        kind = _like(default)
        expected = {"text": "a text", "number": "a finite number", None: "any"}[kind]
        good = kind is None or (isinstance(value, str) if kind == "text" else _number(value))
    if not good:
        told = expected.format(name=shape.name, width=shape.width, last=shape.layers - 1)
        got = shown(list(value) if isinstance(value, tuple) else value)
        raise BadInput(f"{where}.{key}: got {got}, expected {told}{_hint(value, expected)}.")


def _hint(value: Any, expected: str) -> str:
    """What the limit's own words leave open; YAML 1.1 takes 1e-3 for a text."""
    if "number" in expected and isinstance(value, str) and SCIENTIFIC.fullmatch(value):
        return "; YAML reads it as a text: write a point and a sign, as in 1.0e-3"
    if isinstance(value, int) and abs(value) >= LARGEST:
        return " and below 2**63"
    return ""
