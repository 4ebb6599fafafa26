"""The sheet of layouts: published tables as they are printed, rows and columns, for ours to stand beside.

A cell's number is not here: it is the one of the CSV sheets of published numbers with the same source, model, split, objective,
carrier and metric.
"""

from collections.abc import Iterable
from typing import Any

from pydantic import Field

from grunflow.config.base import Strict
from grunflow.config.typed import read_yaml, typed
from grunflow.errors import BadInput


class Block(Strict):
    """Rows of one model, under a heading."""

    label: str
    model: str
    split: str = Field(description="of the forget set; the benchmark's name where it has none")


class Row(Strict):
    """A method. ours: our carriers that stand for it, a row each; none: the carrier of the same name."""

    label: str
    objective: str
    carrier: str = ""
    ours: tuple[str, ...] = ()


class Column(Strict):
    """A figure by the name of our metric."""

    label: str
    metric: str


class Layout(Strict):
    """One table. source: as in the CSV sheets. number: as printed; a made-up one, as long as nobody has read it."""

    number: int = Field(ge=1)
    title: str
    source: str
    blocks: tuple[Block, ...] = Field(min_length=1)
    rows: tuple[Row, ...] = Field(min_length=1)
    columns: tuple[Column, ...] = Field(min_length=1)


def is_layout(path: str) -> bool:
    """Whether a file of `published` is a sheet of layouts; the others are CSV sheets of numbers."""
    return path.endswith((".yaml", ".yml"))


def read_layouts(published: Iterable[str]) -> dict[str, Layout]:
    """`paper_<n>` -> layout, of every sheet of layouts among the files.

    Raises:
        BadInput: names the file, the table and the key; or two tables have one number.
    """
    found: dict[str, Layout] = {}
    for path in filter(is_layout, published):
        sheet: dict[str, Any] = read_yaml(path, "config.published")
        for place, values in enumerate(sheet.get("tables") or [], start=1):
            layout = typed(Layout, values, f"{path}: table {place}")
            name = f"paper_{layout.number}"
            if name in found:
                raise BadInput(f"{path}: table {place}.number: {layout.number} is another table's; give it its own.")
            found[name] = layout
    return found
