"""Files that people give: one reader, which decides a file's form once and names file, line and key of what is wrong."""

import json
from pathlib import Path
from typing import Any

from grunflow.errors import BadInput, not_utf8

Row = dict[str, Any]
Lines = list[tuple[int, Row]]


def read_text(path: Path) -> str:
    """The file as UTF-8, a byte-order mark left out.

    Raises:
        BadInput: it cannot be read, or is not UTF-8; names the line.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: cannot read it: {error.strerror}; correct the path.") from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} {not_utf8(error)}") from None


def read_objects(path: Path) -> Lines:
    """(line, object) of a file of JSON lines, or of a JSON array of objects.

    Raises:
        BadInput: a line that is no JSON object, or no row at all.
    """
    text = read_text(path)
    if text.lstrip().startswith("["):
        return _array(path, text)
    rows = [
        (number, _object(path, number, line)) for number, line in enumerate(text.split("\n"), start=1) if line.strip()
    ]
    if not rows:
        raise BadInput(f"{path}: no rows; expected one JSON object per line.")
    return rows


def _array(path: Path, text: str) -> Lines:
    found = parsed(text, path, 1, "an array of objects")
    for place, row in enumerate(found, start=1):
        if not isinstance(row, dict):
            raise BadInput(f"{path} row {place}: got {type(row).__name__}, expected an object.")
    if not found:
        raise BadInput(f"{path}: an empty array; expected objects.")
    return list(enumerate(found, start=1))


def _object(path: Path, number: int, line: str) -> Row:
    row = parsed(line, path, number, "one object per line")
    if not isinstance(row, dict):
        raise BadInput(f"{path} line {number}: got {type(row).__name__}, expected an object.")
    return row


def parsed(text: str, path: Path, line: int, expected: str) -> Any:
    """What the JSON holds that begins on this line.

    Raises:
        BadInput: it is none, or one that Python does not take: thousands of brackets deep, a number of thousands of digits.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        line, reason = line + error.lineno - 1, error.msg
    except (ValueError, RecursionError) as error:
        reason = str(error).partition(";")[0]
    raise BadInput(f"{path} line {line}: not JSON ({reason}); expected {expected}.")


def is_objects(path: Path) -> bool:
    """Whether the file holds JSON, by its first character that is no blank; else its lines are texts."""
    return read_text(path).lstrip()[:1] in ("{", "[")


def text_at(row: Row, key: str, where: str) -> str:
    """A text of a row.

    Raises:
        BadInput: the key is missing, or holds something else, nothing, or half a surrogate pair.
    """
    if key not in row:
        raise BadInput(f"{where}: no key {key!r}, got {', '.join(sorted(map(str, row))) or 'none'}.")
    value = row[key]
    if not isinstance(value, str):
        raise BadInput(f"{where}.{key}: got {type(value).__name__} ({json.dumps(value)[:60]}), expected a text.")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BadInput(f"{where}.{key}: half of a surrogate pair, which is no character; correct the text.") from None
    return value


def texts_at(row: Row, key: str, where: str) -> list[str]:
    """A list of texts of a row, at least one."""
    values = row.get(key)
    if not isinstance(values, list) or not values:
        raise BadInput(f"{where}.{key}: got {json.dumps(values)[:60]}, expected a list of texts.")
    return [text_at({str(place): value}, str(place), f"{where}.{key}") for place, value in enumerate(values)]
