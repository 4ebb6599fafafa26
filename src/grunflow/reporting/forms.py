"""How tables are written: tidy CSV for machines, Markdown and LaTeX (booktabs) for people."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

import pandas as pd

from grunflow.reporting.intervals import Interval

Cell = tuple[int, str]  # row of the reader's table, its column


@dataclass(frozen=True)
class Table:
    """A table in its two forms.

    Attributes:
        tidy: a column per figure, with _lo and _hi; goes to CSV.
        shown: what people read, every cell a text.
        caption: method and counts stand in it.
        bold: cells that are best beyond noise.
    """

    tidy: pd.DataFrame
    shown: pd.DataFrame
    caption: str
    bold: frozenset[Cell] = field(default_factory=frozenset)


def put(row: dict, name: str, figure: Interval) -> None:
    row[name], row[f"{name}_lo"], row[f"{name}_hi"] = figure


def figure_text(mean: float, lo: float, hi: float, form: str = ".3f") -> str:
    """`0.812 [0.790, 0.834]`; without a known interval the mean alone, without a figure nothing."""
    if math.isnan(mean):
        return ""
    return f"{mean:{form}}" if math.isnan(lo) else f"{mean:{form}} [{lo:{form}}, {hi:{form}}]"


def figure_column(table: pd.DataFrame, name: str, form: str = ".3f") -> list[str]:
    """figure_text of every row."""
    figures = table[[name, f"{name}_lo", f"{name}_hi"]].to_numpy(dtype=float)
    return [figure_text(mean, lo, hi, form) for mean, lo, hi in figures]


def without_empty(table: pd.DataFrame, columns: tuple[str, ...] = ("split", "variant")) -> pd.DataFrame:
    """Leave out what has no text in any row: only some benchmarks have splits, only a tuning study has variants."""
    return table.drop(columns=[name for name in columns if name in table and not table[name].any()])


def stacked(tables: Mapping[str, Table], caption: str) -> Table:
    """One table of several benchmarks', whose names stand in the first column; readers see it where there are several."""
    lengths = [len(table.shown) for table in tables.values()]
    starts = dict(zip(tables, accumulate(lengths[:-1], initial=0), strict=True))
    cells = frozenset((starts[name] + place, title) for name, table in tables.items() for place, title in table.bold)
    tidy, shown = (
        pd.concat([getattr(table, form).assign(**{column: name}) for name, table in tables.items()], ignore_index=True)
        for form, column in (("tidy", "benchmark"), ("shown", "Benchmark"))
    )
    first = ["Benchmark"] if len(tables) > 1 else []
    last = [name for name in ("Seeds",) if name in shown]
    middle = [name for name in shown if name not in ("Benchmark", "Seeds")]
    tidy.insert(0, "benchmark", tidy.pop("benchmark"))
    return Table(tidy, shown[[*first, *middle, *last]].fillna(""), caption, cells)


def texts(shown: pd.DataFrame) -> list[list[str]]:
    """Every cell as a text; of a missing one an empty text."""
    return [["" if pd.isna(cell) else str(cell) for cell in row] for row in shown.astype(object).to_numpy().tolist()]


def markdown(table: Table) -> str:
    columns = list(table.shown)
    rows = [columns, ["---"] * len(columns)]
    for place, row in enumerate(texts(table.shown)):
        rows.append(
            [f"**{cell}**" if (place, name) in table.bold else cell for name, cell in zip(columns, row, strict=True)]
        )
    lines = [" | ".join(cell.replace("|", r"\|") for cell in row) for row in rows]
    return f"{table.caption}\n\n" + "".join(f"| {line} |\n" for line in lines)


SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "→": r"$\to$", "−": "$-$", "↑": r"$\uparrow$", "↓": r"$\downarrow$",
           "<": "$<$", ">": "$>$", "|": "$|$", "≤": r"$\le$", **{c: rf"\{c}" for c in "_%&#${}"}}  # fmt: skip


def escaped(text: str) -> str:
    return "".join(SPECIAL.get(character, character) for character in text)


# A class defines the counter `section`: without one the file is a document of its own, inside one it is the table alone.
ALONE = (
    r"\ifcsname c@section\endcsname\else\def\tablealone{}\documentclass{article}"
    r"\usepackage[a4paper,landscape,margin=15mm]{geometry}\usepackage{booktabs,graphicx}\begin{document}\fi"
)
ALONE_END = r"\ifdefined\tablealone\expandafter\end{document}\fi"


def latex(table: Table) -> str:
    r"""A file that compiles alone and that another document may \input (packages booktabs and graphicx).

    A table wider than the line is scaled down to it.
    """
    columns = list(table.shown)
    body = []
    for place, row in enumerate(texts(table.shown)):
        cells = [
            rf"\textbf{{{escaped(cell)}}}" if (place, name) in table.bold else escaped(cell)
            for name, cell in zip(columns, row, strict=True)
        ]
        body.append(" & ".join(cells) + r" \\")
    lines = [
        ALONE,
        r"\begin{table*}",
        r"\centering",
        rf"\caption{{{escaped(table.caption)}}}",
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        rf"\begin{{tabular}}{{{'l' * len(columns)}}}",
        r"\toprule",
        " & ".join(escaped(column) for column in columns) + r" \\",
        r"\midrule",
        *body,
        r"\bottomrule",
        r"\end{tabular}}",
        r"\end{table*}",
        ALONE_END,
    ]
    return "\n".join(lines) + "\n"


WRITERS: dict[str, Callable[[Table], str]] = {
    "csv": lambda table: table.tidy.to_csv(index=False),
    "md": markdown,
    "tex": latex,
}


def write(table: Table, stem: Path, formats: tuple[str, ...]) -> None:
    for form in formats:
        stem.with_suffix(f".{form}").write_text(WRITERS[form](table))


def shown_json(tables: Mapping[str, Table]) -> str:
    """Every reader's table as JSON, in order: name -> caption, columns, rows, bold (row and column of each such cell)."""
    return json.dumps(
        {
            name: {
                "caption": table.caption,
                "columns": list(table.shown),
                "rows": texts(table.shown),
                "bold": sorted(table.bold),
            }
            for name, table in tables.items()
        },
        indent=1,
    )


# Columns whose empty cell is an empty text, not a missing number.
TEXTS = (
    "benchmark", "objective", "carrier", "carrier_kind", "variant", "against", "against_kind", "split", "condition", "reason",
    "value", "verdict", "place", "table", "interval", "access", "measure", "sequence",
)  # fmt: skip


def read_tables(folder: Path) -> dict[str, pd.DataFrame]:
    """Name -> tidy table, of every CSV of the folder."""
    found = {}
    for path in sorted(folder.glob("*.csv")):
        table = pd.read_csv(path, dtype={name: str for name in TEXTS})
        # Copied: filling leaves every column apart, and rows of hundreds of columns are looked up thousands of times.
        found[path.stem] = table.fillna({name: "" for name in TEXTS if name in table}).copy()
    return found
