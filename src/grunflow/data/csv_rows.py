"""CSV files that people give: rows below a line of names, as spreadsheets write them."""

import csv
import io
from pathlib import Path

from grunflow.data.reading import Lines, read_text
from grunflow.errors import BadInput, shown

SEPARATORS = ",;\t"  # a spreadsheet's own depends on its language


def read_csv(path: Path) -> Lines:
    """(line where it begins, row) of every row that is not blank; cells are texts, line ends in them are newlines.

    Raises:
        BadInput: no UTF-8, a quote that is not closed, no row, a name that stands there twice or is blank, or a row of another
            number of cells than there are names.
    """
    records = _records(path)
    if len(records) < 2:
        raise BadInput(f"{path}: no rows; expected names (question, answer) in the first line and a row in each other.")
    (place, names), *rows = records
    names = [name.strip() for name in names]
    for name in names:
        if not name or names.count(name) > 1:
            raise BadInput(f"{path} line {place}: got column {name!r} {names.count(name)} times; give each one a name.")
    for line, cells in rows:
        if len(cells) != len(names):
            raise BadInput(
                f"{path} line {line}: got {len(cells)} cells, expected {len(names)} ({', '.join(names)}); put a text that holds a "
                "separator into double quotes."
            )
    return [(line, dict(zip(names, cells, strict=True))) for line, cells in rows]


def _records(path: Path) -> list[tuple[int, list[str]]]:
    """(line, cells) of all that is not blank."""
    text = read_text(path)
    separator = max(SEPARATORS, key=text.lstrip().partition("\n")[0].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    found, line = [], 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                found.append((line, [cell.replace("\r\n", "\n") for cell in cells]))
            line = reader.line_num + 1
    except csv.Error as error:
        raise BadInput(
            f"{path} line {line}: not CSV ({shown(str(error))}); put a text that holds quotes or line ends into double quotes, "
            "quotes in it doubled."
        ) from None
    return found
