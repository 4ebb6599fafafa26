"""A file of question-answer pairs: JSON lines (or a JSON array) or CSV, checked row by row where it enters."""

import difflib
import re
from functools import cache
from pathlib import Path

from grunflow.data.csv_rows import read_csv
from grunflow.data.reading import Lines, Row, read_objects, text_at, texts_at
from grunflow.errors import BadInput, shown

NEEDED = ("question", "answer")
OTHERS = ("paraphrased_question", "paraphrased_answer")
WRONG = "perturbed_answer"
COLUMN = re.compile(rf"{WRONG}(_\d+)?")  # of a CSV file, which has a column for each wrong answer
TOO_NEAR = 0.85  # difflib's: a column of this likeness to one that we read is a slip, not something of the user's own
FORMS = (".jsonl", ".json", ".csv")


def read_pairs(path: Path) -> Lines:
    """(line, row) of each pair: question, answer; where they are given paraphrased_question, paraphrased_answer and the list
    perturbed_answer. Other keys are left out; texts have no blanks at their ends.

    Raises:
        BadInput: names file, line and key of what is no text, blank, or misspelt.
    """
    rows = [(line, _from_cells(row)) for line, row in read_csv(path)] if path.suffix == ".csv" else read_objects(path)
    return [(line, _pair(row, f"{path} line {line}")) for line, row in rows]


def _from_cells(row: Row) -> Row:
    """A CSV row in the form of JSON's: cells of wrong answers as a list, empty cells of what may be missing left out."""
    wrong = [cell for name, cell in row.items() if COLUMN.fullmatch(name) and cell.strip()]
    rest = {name: cell for name, cell in row.items() if not COLUMN.fullmatch(name)}
    return {name: cell for name, cell in rest.items() if name in NEEDED or cell.strip()} | (
        {WRONG: wrong} if wrong else {}
    )


def _pair(row: Row, where: str) -> Row:
    _check_names(row, where)
    given = [key for key in OTHERS if row.get(key) is not None]
    found: Row = {key: _text(row, key, where) for key in (*NEEDED, *given)}
    if row.get(WRONG):
        found[WRONG] = [_text({WRONG: text}, WRONG, where) for text in texts_at(row, WRONG, where)]
        if found["answer"] in found[WRONG]:
            raise BadInput(f"{where}.{WRONG}: the right answer {shown(found['answer'])} stands among the wrong ones.")
    return found


def _text(row: Row, key: str, where: str) -> str:
    text = text_at(row, key, where).strip()
    if not text:
        raise BadInput(f"{where}.{key}: blank; expected a text{'' if key in NEEDED else ', or leave the key out'}.")
    return text


def _check_names(row: Row, where: str) -> None:
    """No key is nearly one that is read: what it holds would be left out without a word."""
    for key in map(str, row):
        if meant := _meant_by(key):
            raise BadInput(f"{where}: got key {shown(key)}; did you mean {meant!r}?")


@cache  # rows have the same few keys
def _meant_by(key: str) -> str:
    """The key that this one nearly is; "" where it is one, or none of ours."""
    near = difflib.get_close_matches(key, (*OTHERS, WRONG), n=1, cutoff=TOO_NEAR)
    return near[0] if near and key not in near and not COLUMN.fullmatch(key) else ""
