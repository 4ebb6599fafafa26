"""Question-answer rows as JSON lines, in TOFU's schema."""

import json
from collections.abc import Iterable
from pathlib import Path

from grunflow.data.reading import read_objects
from grunflow.errors import BadInput


def read_rows(path: Path, keys: tuple[str, ...] = ("question", "answer")) -> list[dict]:
    """Rows of a JSON-lines file, each with `keys`.

    Raises:
        BadInput: the file is missing or empty, a line is no JSON object, or a row lacks a key.
    """
    rows = read_objects(path)
    for number, row in rows:
        if not set(keys) <= row.keys():
            raise BadInput(f"{path} line {number}: expected an object with {' and '.join(keys)}.")
    return [row for _, row in rows]


def write_rows(path: Path, rows: Iterable[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def read_refusals(path: Path) -> list[str]:
    """Refusal sentences: a JSON list of strings."""
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise BadInput(f"refusals {path} do not exist; run prepare again.") from None
