"""Question-answer rows as JSON lines, in TOFU's schema."""

import json
from collections.abc import Iterable
from pathlib import Path

from grunflow.errors import BadInput


def read_rows(path: Path, keys: tuple[str, ...] = ("question", "answer")) -> list[dict]:
    """Rows of a JSON-lines file, each with `keys`.

    Raises:
        BadInput: the file is missing or empty, a line is no JSON object, or a row lacks a key.
    """
    try:
        lines = path.read_text().rstrip("\n").split("\n")
    except FileNotFoundError:
        raise BadInput(f"data file {path} does not exist; run prepare_data again or correct the path.") from None
    rows = []
    if lines == [""]:
        lines = []
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise BadInput(f"{path} line {number}: not JSON ({error.msg}); expected one object per line.") from None
        if not isinstance(row, dict) or not set(keys) <= row.keys():
            raise BadInput(f"{path} line {number}: expected an object with {' and '.join(keys)}.")
        rows.append(row)
    if not rows:
        raise BadInput(f"{path}: no rows; expected one JSON object per line.")
    return rows


def write_rows(path: Path, rows: Iterable[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def read_refusals(path: Path) -> list[str]:
    """Refusal sentences: a JSON list of strings."""
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise BadInput(f"refusals {path} do not exist; run prepare_data again.") from None
