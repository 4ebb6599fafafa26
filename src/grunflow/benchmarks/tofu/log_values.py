"""What stands in an evaluation log: one reader for every form, which names file, section and field of what is wrong."""

import json
import math
import re
from pathlib import Path
from typing import Any

from grunflow.data.reading import read_text
from grunflow.errors import BadInput

INDEX = re.compile("0|[1-9][0-9]*", re.ASCII)


def read_root(path: Path, expected: str) -> dict[str, Any]:
    """The file's JSON object.

    Raises:
        BadInput: it cannot be read, is not JSON, names a key twice or is no object; `expected` says what it should be.
    """
    try:
        log = json.loads(read_text(path), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:  # JSONDecodeError, and numbers of thousands of digits
        if isinstance(error, BadInput):
            raise BadInput(f"log {path}: {error}") from None
        raise BadInput(f"log {path} is not JSON: {error}; expected {expected}.") from None
    if not isinstance(log, dict):
        raise BadInput(f"log {path}: got {type(log).__name__}, expected {expected}.")
    return log


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON lets the last of equal keys win in silence."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise BadInput(f"the key {twice!r} stands twice in one object; the log is not whole.")
    return found


def by_index(field: Any, where: str) -> dict[int, Any]:
    """Index -> value, in order. Some logs hold lists, some objects by index."""
    if isinstance(field, list):
        field = {str(place): value for place, value in enumerate(field)}
    if not isinstance(field, dict) or not field:
        raise BadInput(f"{where}: got {shown(field)}, expected values by their index, at least one.")
    for key in field:
        if not INDEX.fullmatch(key):
            raise BadInput(f"{where}: got the index {key!r}, expected whole numbers.")
    return {int(key): field[key] for key in sorted(field, key=int)}


def same_questions(fields: dict[str, dict[int, Any]], where: str) -> None:
    """Every field holds a value of the same questions.

    Raises:
        BadInput: one has other indices.
    """
    if len({tuple(values) for values in fields.values()}) != 1:
        sizes = ", ".join(
            f"{field} {min(values)} to {max(values)}, {len(values)} values" for field, values in fields.items()
        )
        raise BadInput(f"{where}: its fields have different indices ({sizes}); the log is not whole.")


def number(value: Any, where: str, lowest: float = 0.0, highest: float = math.inf) -> float:
    """A finite number of its range.

    Raises:
        BadInput: anything else, true and false too.
    """
    try:
        finite = not isinstance(value, bool) and isinstance(value, int | float) and math.isfinite(value)
    except OverflowError:  # a whole number beyond the largest float
        finite = False
    if not finite:
        raise BadInput(f"{where}: got {shown(value)}, expected a finite number.")
    if not lowest <= value <= highest:
        wanted = f"a share from {lowest:g} to {highest:g}" if highest < math.inf else f"at least {lowest:g}"
        raise BadInput(f"{where}: got {value}, expected {wanted}.")
    return float(value)


def shown(value: Any) -> str:
    """The beginning of a value, as JSON."""
    return str(value)[:60] if isinstance(value, int) and not isinstance(value, bool) else json.dumps(value)[:60]
