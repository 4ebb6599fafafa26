"""Claims against tables: supported, contradicted, inconclusive, or not testable here.

A condition "column above x" is supported where the whole 95 % interval lies above x, contradicted where it lies below, and
inconclusive between. A claim is supported where all of its conditions are, contradicted where one is. Effect and interval
are those of its first condition.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import pandas as pd

from grunflow.config.claims import Claim, Condition
from grunflow.reporting.verdicts import CONTRADICTED, INCONCLUSIVE, NOT_TESTABLE, SUPPORTED

Value = str | float
Tables = Mapping[str, pd.DataFrame]


def verdicts(claims: Sequence[Claim], tables: Tables, study: str) -> list[dict[str, Any]]:
    """Every claim: first about the models that it names, then what this study's other models show, under their names."""
    models = list(dict.fromkeys(model for table in tables.values() if "model" in table for model in table["model"]))
    found = []
    for claim in claims:
        for model in claim.models:
            found += [_judged(claim, model, values, tables, "paper") for values in _combinations(claim.each)]
    for claim in claims:
        for model in models:
            if model not in claim.models:
                each = claim.each | claim.here
                own = [_judged(claim, model, values, tables, study) for values in _combinations(each)]
                found += [row for row in own if row["verdict"] != NOT_TESTABLE or row["reason"] != NO_ROW]
    return found


NO_ROW = "no such row in this study"


def _combinations(each: Mapping[str, Sequence[Value]]) -> list[dict[str, Value]]:
    return [dict(zip(each, values, strict=True)) for values in product(*each.values())]


def _judged(claim: Claim, model: str, values: dict[str, Value], tables: Tables, about: str) -> dict[str, Any]:
    conditions = [_condition(condition, model, values, tables) for condition in claim.conditions]
    first, each = conditions[0], [condition["verdict"] for condition in conditions]
    verdict = next((name for name in (NOT_TESTABLE, CONTRADICTED, INCONCLUSIVE) if name in each), SUPPORTED)
    own = about != "paper"
    statement = claim.statement.format(**values)
    return {
        "id": "/".join([*([about] if own else []), claim.id, model, *map(str, values.values())]),
        "claim": claim.id,
        "about": about,
        "model": model,
        "quote": f"{model}: {statement}" if own else claim.quote or statement,
        "statement": statement,
        "read": "ours" if own else claim.read if claim.quote or claim.read == "ours" else f"{claim.read}, in our words",
        "source": f"this study, {about}" if own else claim.source,
        "verdict": verdict,
        **{name: first[name] for name in ("effect", "lo", "hi", "n")},
        "tables": sorted({condition.table for condition in claim.conditions}),
        "conditions": conditions,
        "reason": _reason(verdict, conditions),
    }


def _reason(verdict: str, conditions: list[dict[str, Any]]) -> str:
    """Why nothing was tested; or the condition that decided, where it is not the first, whose effect is shown."""
    deciding = next((condition for condition in conditions if condition["verdict"] == verdict), conditions[0])
    if verdict == NOT_TESTABLE or deciding is conditions[0]:
        return deciding["reason"]
    side = "above" if "above" in deciding else "below"
    return f"{deciding['column']} {_figure(deciding)}, claimed {side} {deciding[side]}"


def _figure(row: Mapping[str, Any]) -> str:
    return f"{row['effect']:+.3g} [{row['lo']:+.3g}, {row['hi']:+.3g}]"


def _condition(condition: Condition, model: str, values: dict[str, Value], tables: Tables) -> dict[str, Any]:
    column, threshold = (
        condition.column.format(**values),
        condition.above if condition.below is None else condition.below,
    )
    side = "above" if condition.below is None else "below"
    told = {"table": condition.table, "column": column, side: threshold}
    nothing = {"effect": None, "lo": None, "hi": None, "n": None, "verdict": NOT_TESTABLE}
    where = {"model": model, **{key: _filled(value, values) for key, value in condition.where.items()}}
    row = _row(tables.get(condition.table), where)
    if row is None or column not in row:
        return told | nothing | {"reason": NO_ROW}
    effect = float(row[column])
    if math.isnan(effect):
        return told | nothing | {"reason": str(row.get("reason") or f"{column} is empty: no such comparison")}
    # A figure without _lo and _hi is exact, as a count of parameters is.
    lo, hi = (float(row.get(f"{column}{end}", effect)) for end in ("_lo", "_hi"))
    known = {"effect": effect, "lo": lo, "hi": hi, "n": int(row["seeds"])}
    if math.isnan(lo):
        return told | nothing | {"effect": effect, "n": known["n"], "reason": "no interval: one seed"}
    return told | known | {"verdict": _verdict(lo, hi, condition), "reason": ""}


def _verdict(lo: float, hi: float, condition: Condition) -> str:
    if condition.above is not None:
        return SUPPORTED if lo > condition.above else CONTRADICTED if hi <= condition.above else INCONCLUSIVE
    assert condition.below is not None
    return SUPPORTED if hi < condition.below else CONTRADICTED if lo >= condition.below else INCONCLUSIVE


def _filled(value: Value, values: dict[str, Value]) -> Value:
    """`{name}` alone stands for the value itself, a number stays one."""
    if isinstance(value, str) and value.startswith("{") and value.endswith("}"):
        return values[value[1:-1]]
    return value


def _row(table: pd.DataFrame | None, where: Mapping[str, Value]) -> dict[str, Any] | None:
    """The one row that has these values; None without table or row."""
    if table is None or not set(where) <= set(table):
        return None
    rows = table
    for key, value in where.items():
        rows = rows[rows[key] == value]
    return rows.iloc[0].to_dict() if len(rows) else None


def sentences(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line per verdict, with effect and interval; what cannot be tested here is told once per claim."""
    untested: dict[tuple[str, str, str], int] = {}
    found = []
    for row in rows:
        if row["verdict"] == NOT_TESTABLE:
            key = (row["about"], row["claim"], row["reason"])
            untested[key] = untested.get(key, 0) + 1
        else:
            because = f" ({row['reason']})" if row["reason"] else ""
            found.append(f"{row['verdict']:17} {row['id']}: {_figure(row)}, n = {row['n']}{because}")
    told = [
        f"{NOT_TESTABLE:17} {about}/{claim}: {count} ({reason})" for (about, claim, reason), count in untested.items()
    ]
    return found + told
