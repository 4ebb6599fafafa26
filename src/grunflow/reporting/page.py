"""The report: one HTML page that needs no network. Its form is page.html, page.css and page.js beside this file."""

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from PIL import Image

from grunflow.reporting.entries import CAPTION
from grunflow.reporting.first_screen import by_claim, counted
from grunflow.reporting.forms import texts
from grunflow.reporting.glossary import TERMS, term_of
from grunflow.reporting.headings import words_of
from grunflow.reporting.verdicts import NOT_TESTABLE

HERE = Path(__file__).parent
# Columns that say whose a row is: joined into the first, which stays in sight; one that is the same in every row is told above.
METHOD, OF_ROW = ("Objective", "Carrier", "Difference"), ("Benchmark", "Model", "Split")


def claim_groups(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Claims with their verdicts below them; those with a primary verdict first."""
    return [
        {"claim": claim, "first": group[0], "rows": group, "counts": counted(group), "primary": any(row.get("primary") for row in group)}
        for claim, group in by_claim(rows).items()
    ]  # fmt: skip


def pictures(folder: Path, titles: Mapping[str, str]) -> list[dict[str, str]]:
    """Every figure, embedded, in the order of its stage's shown.json, with the caption that its file carries."""
    said = json.loads((folder / "shown.json").read_text())
    return [
        {"name": name, "title": words_of(name, titles), "said": text, "note": caption_of(folder / f"{name}.png"),
         "data": base64.b64encode((folder / f"{name}.png").read_bytes()).decode()} for name, text in said.items()
    ]  # fmt: skip


def caption_of(picture: Path) -> str:
    """What style.save wrote into a PNG."""
    with Image.open(picture) as found:
        found.load()
        return str(found.info.get(CAPTION, ""))


def as_table(frame: pd.DataFrame) -> dict[str, Any]:
    """A frame of texts in the form of tables/shown.json."""
    return {"caption": "", "columns": list(frame), "rows": texts(frame), "bold": []}


def readable(table: Mapping[str, Any]) -> dict[str, Any]:
    """A table of shown.json with its method in the first column, and what is the same in every row told once (`same`)."""
    columns, rows = table["columns"], table["rows"]
    bold = {(row, column) for row, column in table["bold"]}
    place = {name: columns.index(name) for name in columns}
    method = [name for name in METHOD if name in place]
    constant = [name for name in OF_ROW if name in place and len({row[place[name]] for row in rows}) == 1]
    rest = (
        [name for name in columns if name not in (*method, *constant)]
        if method
        else [n for n in columns if n not in constant]
    )
    found = []
    for number, row in enumerate(rows):
        cells = [(row[place[name]], (number, name) in bold) for name in rest]
        if method:
            joined = " · ".join(filter(None, (row[place[name]] for name in method)))
            cells.insert(0, (joined, any((number, name) in bold for name in method)))
        found.append(cells)
    return {
        "caption": table["caption"],
        "columns": [("Method" if method[-1:] != ["Difference"] else "Difference", *_explained("Method"))] * bool(method)
        + [(name, *_explained(name)) for name in rest],
        "rows": found,
        "same": "; ".join(f"{name}: {rows[0][place[name]]}" for name in constant),
    }  # fmt: skip


def _explained(heading: str) -> tuple[str, str]:
    """The glossary's place for a heading, and its words."""
    term = term_of(heading)
    return (term.slug, term.text) if term else ("glossary", "")


def render(**parts: Any) -> str:
    """The whole page.

    Args:
        parts: what page.html reads; see stages/report.py.
    """
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
                                     loader=jinja2.FileSystemLoader(HERE))  # fmt: skip
    return environment.get_template("page.html").render(not_testable=NOT_TESTABLE, terms=TERMS, **parts)
