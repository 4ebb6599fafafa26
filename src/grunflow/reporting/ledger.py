"""The ledger: published numbers with their sources, each beside the cell of ours that it speaks about.

    reproduced          equal to the digits that were printed
    within noise        further off, but no more than another run would be: t(S - 1) s sqrt(1 + 1 / S), with s the standard
                        deviation of our S replicates, each of which trained its own target model and unlearned with its own
                        seed
    too noisy to tell   the same, where that tolerance is above MARGIN: nearly any number would have been within it
    not                 further off than that

With one replicate the noise is unknown, and what is not reproduced has no verdict. p-values are compared as log10 p, and what
was printed of one stands for all between half a digit below and half a digit above. A zero in scientific form (`0.00e+00`) is
one: whatever is not zero would have been printed. What a model has by construction (the retain model's Forget Quality, against
itself) is not compared.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student

from grunflow.config.published import APART, CAVEAT, COLUMNS, IDENTITY, UNITS, names_of, read_sheets
from grunflow.reporting.columns import columns
from grunflow.reporting.forms import Table
from grunflow.reporting.results import Results

SMALLEST_P = 1e-300
# Tolerance above which nothing is told, in our unit; of p-values a factor of ten. The margins are ours.
MARGIN = {"fraction": 0.05, "percent": 0.05, "p-value": 1.0}
REPRODUCED, WITHIN, TOO_NOISY, NOT = VERDICTS = ("reproduced", "within noise", "too noisy to tell", "not")
WHOLE = 0.005  # half of the last digit of a fraction that was printed without decimals
Key = tuple[str, str, str, str, str]


def read_cells(paths: Iterable[str], results: Iterable[Results]) -> pd.DataFrame:
    """Every published cell, its metric one that these benchmarks have or one of a benchmark that the study has not.

    Raises:
        BadInput: see read_sheets.
    """
    cells = read_sheets(paths, names_of(item.benchmark for item in results))
    return pd.DataFrame(cells, columns=[*COLUMNS, CAVEAT])


def values(results: Iterable[Results]) -> dict[Key, NDArray]:
    """Every figure of the main tables, a value per replicate; none of what a reference model has by construction. Where a
    benchmark has no splits its name stands for one; a carrier goes by its kind too, where it is the only one of it."""
    found: dict[Key, NDArray] = {}
    for item in results:
        known = item.metrics[item.metrics["variant"] == ""]
        every = {column.name: column.metric for column in columns(item.benchmark, known)}
        kinds = known.drop_duplicates(["carrier", "carrier_kind"]).groupby("carrier_kind")["carrier"].nunique()
        methods = known.groupby(["model", "split", "objective", "carrier", "carrier_kind"], sort=False)
        for (model, split, objective, carrier, kind), group in methods:
            called = [carrier, *([kind] if kinds[kind] == 1 else [])]
            for name, called_so in product(every, called):
                key = (model, split or item.name, objective, called_so, name)
                own = every[name].per == "run" and every[name].reference == objective
                figures = group[name].dropna().to_numpy(float)
                if len(figures) and (called_so == carrier or key not in found):
                    found[key] = figures[:0] if own else figures
    return found


def ledger(cells: pd.DataFrame, ours: Mapping[Key, NDArray]) -> pd.DataFrame:
    """Published cells with ours, difference, tolerance, seeds, verdict, and the reason where there is none."""
    models = {key[0] for key in ours}
    rows = []
    for cell in cells.to_dict("records"):
        values = ours.get(tuple(cell[name] for name in IDENTITY))  # type: ignore[arg-type]
        found = compared(cell["value"], cell["unit"], values)
        if values is None:
            found["reason"] = _nothing(cell["metric"], cell["model"] in models)
        rows.append(cell | found)
    columns = ["ours", "difference", "tolerance", "seeds", "verdict", "reason"]
    return pd.DataFrame(rows, columns=[*COLUMNS, CAVEAT, *columns])


def _nothing(metric: str, in_study: bool) -> str:
    """Why there is none of ours beside a cell."""
    if not in_study:
        return "no such model in this study"
    return f"by {metric.partition(APART)[2]}'s own definition" if APART in metric else "no such cell here"


def compared(value: str, unit: str, ours: NDArray | None) -> dict:
    """One cell: ours and difference in our unit (p-values: the median and the difference of log10 p).

    Args:
        value: as printed; empty while it waits.
        ours: a value per replicate; empty where it is so by construction; or None.
    """
    row = {"ours": np.nan, "difference": np.nan, "tolerance": np.nan, "seeds": 0, "verdict": "", "reason": ""}
    if ours is None or not len(ours):
        return row | {"reason": "no such cell here" if ours is None else "so by construction: a model against itself"}
    p_value = unit == "p-value"
    values = np.log10(np.maximum(ours, SMALLEST_P)) if p_value else ours
    mean = float(np.median(values) if p_value else values.mean())
    row |= {"ours": 10.0**mean if p_value else mean, "seeds": len(values)}
    if not value:
        return row | {"reason": "waits for the published number"}
    low, printed, high = _printed(value, unit)
    off = max(0.0, low - mean, mean - high)
    noise = (
        float(student.ppf(0.975, len(values) - 1) * values.std(ddof=1) * np.sqrt(1 + 1 / len(values)))
        if len(values) > 1
        else np.nan
    )
    verdict, reason = _verdict(off, noise, MARGIN[unit])
    return row | {"difference": mean - printed, "tolerance": noise, "verdict": verdict, "reason": reason}


def _verdict(off: float, noise: float, margin: float) -> tuple[str, str]:
    """Verdict, or why there is none. off: distance from what the printed digits stand for."""
    if off == 0:
        return REPRODUCED, ""
    if np.isnan(noise):
        return "", "one replicate: noise unknown"
    if off > noise:
        return NOT, ""
    return (TOO_NOISY if noise > margin else WITHIN), ""


def _printed(value: str, unit: str) -> tuple[float, float, float]:
    """Least, printed and greatest number that the printed digits stand for, in our unit (of a p-value: log10)."""
    scientific, number = "e" in value.lower(), float(value)
    half = 0.5 * 10.0 ** int(Decimal(value).as_tuple().exponent)
    if scientific and number == 0:
        half = 0.0
    elif not scientific and UNITS[unit] == 1:
        half = min(half, WHOLE) if "." not in value else half
    ends = [(number + step) * UNITS[unit] for step in (-half, 0.0, half)]
    if unit == "p-value":
        low, middle, high = np.log10(np.maximum(ends, SMALLEST_P))
        return float(low), float(middle), float(high)
    return ends[0] - 1e-12, ends[1], ends[2] + 1e-12


def table(cells: pd.DataFrame, ours: Mapping[Key, NDArray], unjudged: str = "") -> Table:
    """published as it is written: people see the cells that are also ours, machines all of them. unjudged: why there is no
    verdict on any."""
    found = ledger(cells, ours)
    if unjudged:
        found = found.assign(verdict="", reason=unjudged)
    here = found[found["seeds"] > 0]
    shown = here[["model", "split", "objective", "carrier", "metric"]].rename(columns=str.capitalize)
    shown["Published"] = here["value"].replace("", "waits")
    shown["Ours"] = [f"{value:.4g}" for value in here["ours"]]
    for name in ("difference", "tolerance"):
        shown[name.capitalize()] = ["" if np.isnan(value) else f"{value:.3g}" for value in here[name]]
    shown["Verdict"] = here["verdict"]
    if here[CAVEAT].any():
        shown["The source's caveat"] = here[CAVEAT]
    counts = found["verdict"].value_counts()
    told = ", ".join(f"{counts.get(name, 0)} {name}" for name in VERDICTS)
    text = (
        f"Published numbers beside ours. {len(found)} published cells, {(found['value'] != '').sum()} with a number, "
        f"{len(here)} about a cell of this study: {told}. Reproduced: equal to the printed digits; within noise: as near as "
        "another replicate (target and unlearn seed) would be, 95 %; too noisy to tell: so too, but that tolerance is above "
        f"{MARGIN['fraction']} (p-values: a factor of {10 ** MARGIN['p-value']:.0f}; margins are ours). p-values: difference of log10 p."
    )
    text = f"{unjudged}. {text}" if unjudged else text
    return Table(found, shown.reset_index(drop=True), text)
