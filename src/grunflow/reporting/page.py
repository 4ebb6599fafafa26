"""The report: one HTML page that needs no network. Its form is page.html, page.css and page.js beside this file."""

import base64
import json
from collections import Counter
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from grunflow.reporting.forms import texts
from grunflow.reporting.verdicts import NOT_TESTABLE, PAPER, VERDICTS

HERE = Path(__file__).parent


def claim_groups(rows: list[dict[str, Any]], about_paper: bool) -> list[dict[str, Any]]:
    """Claims with their verdicts below them; of the paper, or of this study's own models."""
    groups: dict[str, dict[str, Any]] = {}
    for row in rows:
        if (row["about"] == PAPER) == about_paper:
            group = groups.setdefault(row["claim"], {"claim": row["claim"], "first": row, "rows": []})
            group["rows"].append(row)
    for group in groups.values():
        counts = Counter(row["verdict"] for row in group["rows"])
        group["counts"] = [(name, counts[name]) for name in VERDICTS if counts[name]]
    return list(groups.values())


def summary(rows: list[dict[str, Any]]) -> list[tuple[str, list[tuple[str, int]]]]:
    """Who is spoken about, and how often each verdict was reached."""
    found = []
    for title, about_paper in (("The paper's models", True), ("This study's own models", False)):
        counts = Counter(row["verdict"] for row in rows if (row["about"] == PAPER) == about_paper)
        if counts:
            found.append((title, [(name, counts[name]) for name in VERDICTS if counts[name]]))
    return found


def pictures(folder: Path) -> list[dict[str, str]]:
    """Every figure, embedded, in the order of its stage's shown.json; its note stands in the picture."""
    said = json.loads((folder / "shown.json").read_text())
    return [
        {"name": name, "title": name.replace("_", " "), "said": text,
         "data": base64.b64encode((folder / f"{name}.png").read_bytes()).decode()} for name, text in said.items()
    ]  # fmt: skip


def as_table(frame: pd.DataFrame) -> dict[str, Any]:
    """A frame of texts in the form of tables/shown.json."""
    return {"caption": "", "columns": list(frame), "rows": texts(frame), "bold": []}


def render(**parts: Any) -> str:
    """The whole page.

    Args:
        parts: what page.html reads; see stages/report.py.
    """
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
                                     loader=jinja2.FileSystemLoader(HERE))  # fmt: skip
    return environment.get_template("page.html").render(not_testable=NOT_TESTABLE, **parts)
