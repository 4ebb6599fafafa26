"""Tables paper_<n>: a published table in its own layout, ours beside each of its numbers."""

from collections.abc import Iterator, Mapping

import pandas as pd
from numpy.typing import NDArray

from grunflow.config.layouts import Block, Layout, Row
from grunflow.config.published import IDENTITY, UNITS
from grunflow.reporting import ledger
from grunflow.reporting.forms import Table

EMPTY = "–"  # a number that waits, or a figure that this study has not


def paper_table(layout: Layout, cells: pd.DataFrame, ours: Mapping[ledger.Key, NDArray], unjudged: str = "") -> Table:
    """A row per method of each block; a method that several of our carriers stand for has a row for each.

    Args:
        cells: published cells of every sheet (ledger.read_cells).
        ours: our figures, a value per replicate (ledger.values).
        unjudged: why there is no verdict on any.
    """
    published = {
        tuple(cell[name] for name in IDENTITY): cell
        for cell in cells[cells["source"] == layout.source].to_dict("records")
    }
    tidy, shown, typed_in = [], [], 0
    for block, row, carrier in _rows(layout):
        tidy.append({"model": block.model, "split": block.split, "objective": row.objective, "carrier": carrier})
        shown.append(
            {"Model": block.label, "Method": row.label if carrier == row.carrier else f"{row.label} ({carrier})"}
        )
        for column in layout.columns:
            cell = published.get((block.model, block.split, row.objective, row.carrier, column.metric), {})
            value, unit = cell.get("value", ""), cell.get("unit", "fraction")
            mine = ours.get((block.model, block.split, row.objective, carrier, column.metric))
            found = ledger.compared(value, unit, mine)
            tidy[-1] |= {f"{column.metric}_published": value, f"{column.metric}_unit": unit}
            tidy[-1] |= {column.metric: found["ours"], f"{column.metric}_verdict": "" if unjudged else found["verdict"]}
            shown[-1][column.label] = f"{value or EMPTY} / {_printed(found['ours'], value, unit)}"
            typed_in += bool(value)
    text = (
        f"{layout.title}: published / ours, in the layout of the published table ({layout.source}). {typed_in} of "
        f"{len(tidy) * len(layout.columns)} published numbers are typed in; table published says how near ours are."
    )
    text = f"{unjudged}. {text}" if unjudged else text
    return Table(pd.DataFrame(tidy), pd.DataFrame(shown), text)


def _rows(layout: Layout) -> Iterator[tuple[Block, Row, str]]:
    for block in layout.blocks:
        for row in layout.rows:
            for carrier in row.ours or (row.carrier,):
                yield block, row, carrier


def _printed(figure: float, value: str, unit: str) -> str:
    """Ours in the published unit, with as many decimals as the published number."""
    if pd.isna(figure):
        return EMPTY
    if UNITS[unit] == 1 and "e" in value.lower():
        return f"{figure:.1e}"
    decimals = len(value.partition(".")[2]) if value else (3 if UNITS[unit] == 1 else 1)
    return f"{figure / UNITS[unit]:.{decimals}f}"
