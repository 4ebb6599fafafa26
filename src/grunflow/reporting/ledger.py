"""The ledger: published numbers with their sources, each beside the cell of ours that it speaks about.

    reproduced     equal to the digits that were printed
    within noise   further off, but no more than another run would be: t(S - 1) s sqrt(1 + 1 / S), with s the standard
                   deviation of our S replicates, each of which trained its own target model and unlearned with its own seed
    not            further off than that

With one replicate the noise is unknown, and what is not reproduced has no verdict. p-values are compared as log10 p.
"""

import csv
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student

from grunflow.errors import BadInput, unknown_name
from grunflow.reporting.columns import columns
from grunflow.reporting.forms import Table
from grunflow.reporting.results import Results

IDENTITY = ("model", "split", "objective", "carrier", "metric")
COLUMNS = (*IDENTITY, "value", "unit", "definition", "source", "table", "place", "read")
# Factor from a printed number to ours.
UNITS = {"fraction": 1.0, "percent": 0.01, "p-value": 1.0}
READ = ("first hand", "second hand", "nobody yet")
SMALLEST_P = 1e-300
Key = tuple[str, str, str, str, str]


def read_cells(paths: Iterable[str]) -> pd.DataFrame:
    """Every published cell; an empty value waits for somebody with the source.

    Raises:
        BadInput: no file, or a column, unit or number that is none; names file, line and column.
    """
    rows: list[dict[str, str]] = []
    for path in paths:
        try:
            with open(path, newline="") as handle:
                reader = csv.DictReader(handle)
                if tuple(reader.fieldnames or ()) != COLUMNS:
                    raise BadInput(f"{path} line 1: got columns {reader.fieldnames}, expected {list(COLUMNS)}.")
                rows += [_checked(row, f"{path} line {line}") for line, row in enumerate(reader, start=2)]
        except FileNotFoundError:
            raise BadInput(f"config.published: no file {path!r}. Correct the path or remove it.") from None
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _checked(row: dict[str, str], where: str) -> dict[str, str]:
    if None in row or None in row.values():
        raise BadInput(f"{where}: not {len(COLUMNS)} cells; quote a text that holds a comma.")
    for name, known in (("unit", UNITS), ("read", READ)):
        if row[name] not in known:
            raise BadInput(f"{where}, {name}: {unknown_name(name, row[name], known)}")
    if row["value"]:
        try:
            Decimal(row["value"])
        except InvalidOperation:
            raise BadInput(
                f"{where}, value: got {row['value']!r}, expected a number as printed, or nothing for a cell that waits."
            ) from None
    return row


def values(results: Iterable[Results]) -> dict[Key, NDArray]:
    """Every figure of the main tables, a value per replicate. Where a benchmark has no splits its name stands for one; a
    carrier goes by its kind too, where it is the only one of it."""
    found: dict[Key, NDArray] = {}
    for item in results:
        known = item.metrics[item.metrics["variant"] == ""]
        names = [column.name for column in columns(item.benchmark, known)]
        kinds = known.drop_duplicates(["carrier", "carrier_kind"]).groupby("carrier_kind")["carrier"].nunique()
        methods = known.groupby(["model", "split", "objective", "carrier", "carrier_kind"], sort=False)
        for (model, split, objective, carrier, kind), group in methods:
            called = [carrier, *([kind] if kinds[kind] == 1 else [])]
            for name, called_so in product(names, called):
                key = (model, split or item.name, objective, called_so, name)
                if called_so == carrier or key not in found:
                    found[key] = group[name].dropna().to_numpy(float)
    return found


def ledger(cells: pd.DataFrame, ours: Mapping[Key, NDArray]) -> pd.DataFrame:
    """Published cells with ours, difference, tolerance, seeds, verdict, and the reason where there is none."""
    models = {key[0] for key in ours}
    rows = []
    for cell in cells.to_dict("records"):
        values = ours.get(tuple(cell[name] for name in IDENTITY))  # type: ignore[arg-type]
        rows.append(cell | compared(cell["value"], cell["unit"], values, cell["model"] in models))
    columns = ["ours", "difference", "tolerance", "seeds", "verdict", "reason"]
    return pd.DataFrame(rows, columns=[*COLUMNS, *columns])


def compared(value: str, unit: str, ours: NDArray | None, in_study: bool = True) -> dict:
    """One cell: ours and difference in our unit (p-values: the median and the difference of log10 p).

    Args:
        value: as printed; empty while it waits.
        ours: a value per replicate, or None.
    """
    empty = {"ours": np.nan, "difference": np.nan, "tolerance": np.nan, "seeds": 0, "verdict": "", "reason": ""}
    if ours is None or not len(ours):
        return empty | {"reason": "no such cell here" if in_study else "no such model in this study"}
    p_value = unit == "p-value"
    values = np.log10(np.maximum(ours, SMALLEST_P)) if p_value else ours
    mean = float(np.median(values) if p_value else values.mean())
    row = empty | {"ours": 10.0**mean if p_value else mean, "seeds": len(values)}
    if not value:
        return row | {"reason": "waits for the published number"}
    printed, rounding = _printed(value, unit)
    row |= {"difference": mean - printed}
    if len(values) > 1:
        noise = student.ppf(0.975, len(values) - 1) * values.std(ddof=1) * np.sqrt(1 + 1 / len(values))
        row |= {
            "tolerance": float(noise),
            "verdict": "within noise" if abs(mean - printed) <= rounding + noise else "not",
        }
    else:
        row |= {"reason": "one replicate: noise unknown"}
    if abs(mean - printed) <= rounding:
        row |= {"verdict": "reproduced", "reason": ""}
    return row


def _printed(value: str, unit: str) -> tuple[float, float]:
    """A printed number in our unit, and half a unit of its last digit (of a p-value: both of log10)."""
    exponent = Decimal(value).as_tuple().exponent
    number, half = float(value) * UNITS[unit], 0.5 * 10.0 ** int(exponent) * UNITS[unit]
    if unit != "p-value":
        return number, half + 1e-12
    number = max(number, SMALLEST_P)
    return float(np.log10(number)), float(np.log10(number + half) - np.log10(number))


def table(cells: pd.DataFrame, ours: Mapping[Key, NDArray]) -> Table:
    """published as it is written: people see the cells that are also ours, machines all of them."""
    found = ledger(cells, ours)
    here = found[found["seeds"] > 0]
    shown = here[["model", "split", "objective", "carrier", "metric"]].rename(columns=str.capitalize)
    shown["Published"] = here["value"].replace("", "waits")
    shown["Ours"] = [f"{value:.4g}" for value in here["ours"]]
    for name in ("difference", "tolerance"):
        shown[name.capitalize()] = ["" if np.isnan(value) else f"{value:.3g}" for value in here[name]]
    shown["Verdict"] = here["verdict"]
    counts = found["verdict"].value_counts()
    told = ", ".join(f"{counts.get(name, 0)} {name}" for name in ("reproduced", "within noise", "not"))
    text = (
        f"Published numbers beside ours. {len(found)} published cells, {(found['value'] != '').sum()} with a number, "
        f"{len(here)} about a cell of this study: {told}. Reproduced: equal to the printed digits; within noise: as near as "
        "another replicate (target and unlearn seed) would be, 95 %. p-values: difference of log10 p."
    )
    return Table(found, shown.reset_index(drop=True), text)
