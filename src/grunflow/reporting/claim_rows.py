"""Which row of a table a condition of a claim speaks about.

A claim names carriers by a study's name or by their kind; of a pair of carriers it does not matter which comes first in a
table of differences.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from grunflow.config.claims import Claim, Condition
from grunflow.config.shown_specs import AbsentRun
from grunflow.errors import BadInput

Value = str | float
Tables = Mapping[str, pd.DataFrame]
CARRIER, AGAINST = PAIR = ("carrier", "against")


def filled(value: Value, values: Mapping[str, Value]) -> Value:
    """`{name}` alone stands for the value itself, a number stays one; within a text for its words."""
    if not isinstance(value, str):
        return value
    return values[value[1:-1]] if value[1:-1] in values and value[0] + value[-1] == "{}" else value.format(**values)


def applying(claim: Claim, values: Mapping[str, Value]) -> list[Condition]:
    """The claim's conditions for these values of `each`."""
    return [item for item in claim.conditions if all(values[name] in wanted for name, wanted in item.when.items())]


def words(claim: Claim, values: Mapping[str, Value]) -> list[str]:
    """What the claim calls carriers: in `where`, and under their names in `each`."""
    found = [
        filled(condition.where[key], values)
        for condition in applying(claim, values)
        for key in PAIR
        if key in condition.where
    ]
    return list(dict.fromkeys(map(str, [*found, *(values[key] for key in PAIR if key in values)])))


def meant_by(
    word: str, claim: Claim, model: str, values: Mapping[str, Value], tables: Tables, runs: Sequence[AbsentRun] = ()
) -> list[str]:
    """The study's carriers of that name or kind, in the tables and rows that the claim is about, or absent there; else the word
    itself. runs: that are absent."""
    found: dict[str, None] = {}
    for condition in applying(claim, values):
        table = tables.get(condition.table)
        where = {key: filled(value, values) for key, value in condition.where.items() if key not in PAIR} | {
            "model": model
        }
        if table is not None and set(where) <= set(table):
            rows = matching(table, where)
            for key in PAIR:
                if key in rows:
                    kinds = rows.get(f"{key}_kind", rows[key])
                    found |= dict.fromkeys(rows.loc[(rows[key] == word) | (kinds == word), key])
        found |= dict.fromkeys(run.carrier for run in absent(condition.table, where, [word], tables, runs))
    return sorted(found) or [word]


def absent(
    name: str, where: Mapping[str, Value], carriers: Iterable[str], tables: Tables, runs: Sequence[AbsentRun]
) -> list[AbsentRun]:
    """Those of the absent `runs` that such a row of the table would rest on, of these carriers (names or kinds)."""
    named = set(carriers)
    own = [table.removesuffix("_main") for table in tables if table.endswith("_main")]
    longest = max((item for item in own if name.startswith(f"{item}_")), key=len, default=None)
    benchmark = where.get("benchmark", longest)
    return [
        run
        for run in runs
        if run.model == where["model"]
        and run.benchmark == (benchmark or run.benchmark)
        and run.objective == where.get("objective", run.objective)
        and (run.carrier in named or run.carrier_kind in named)
    ]


def matching(table: pd.DataFrame, where: Mapping[str, Value]) -> pd.DataFrame:
    """The rows that have these values; only they are copied, as a table may have thousands of columns."""
    fits = np.ones(len(table), bool)
    for key, value in where.items():
        fits &= table[key].to_numpy() == value
    return table[fits]


def row_of(tables: Tables, name: str, where: Mapping[str, Value]) -> dict[str, Any] | None:
    """The one row that has these values, a difference the other way round too; None without table or row.

    Raises:
        BadInput: there are several; names what tells them apart.
    """
    table = tables.get(name)
    if table is None or not set(where) <= set(table):
        return None
    rows = matching(table, where)
    if len(rows):
        return _only(rows, name, where)
    if not set(PAIR) <= set(where):
        return None
    rows = matching(table, {**where, CARRIER: where[AGAINST], AGAINST: where[CARRIER]})
    return turned(_only(rows, name, where)) if len(rows) else None


def _only(rows: pd.DataFrame, name: str, where: Mapping[str, Value]) -> dict[str, Any]:
    if len(rows) == 1:
        return rows.iloc[0].to_dict()
    texts = [column for column in rows.select_dtypes(exclude="number") if rows[column].astype(str).nunique() > 1]
    apart = [column for column in texts if column != "reason"] or [
        column for column in rows if rows[column].nunique() > 1
    ][:1]
    told = "; ".join(
        ", ".join(f"{column} {row[column]!r}" for column in apart) for row in rows[apart].to_dict("records")[:4]
    )
    raise BadInput(
        f"claims, table {name}, where {dict(where)}: {len(rows)} rows, expected one ({told or 'all alike'}); "
        "add to `where` what tells them apart."
    )


def turned(row: dict[str, Any]) -> dict[str, Any]:
    """What the row of a difference says read the other way round: every figure negated, its interval mirrored."""
    found = dict(row)
    for name in row:
        lo, hi = f"{name}_lo", f"{name}_hi"
        if lo in row:
            found |= {name: -row[name], lo: -row[hi], hi: -row[lo]}
    return found
