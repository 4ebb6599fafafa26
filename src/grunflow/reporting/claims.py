"""Claims against tables: supported, contradicted, inconclusive, or not testable here.

A condition "column above x" is supported where the whole 95 % interval lies above x, contradicted where it lies below, and
inconclusive between. A claim is supported where all of its conditions are, contradicted where one is. Effect and interval
are those of its first condition. Where a claim means several of a study's carriers (all of a kind), each is judged by itself
and stands in the verdict's id.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from grunflow.config.claims import Claim, Condition
from grunflow.reporting import claim_rows
from grunflow.reporting.claim_rows import Tables, Value
from grunflow.reporting.verdicts import CONTRADICTED, INCONCLUSIVE, NOT_TESTABLE, SUPPORTED

Values = dict[str, Value]


def verdicts(claims: Sequence[Claim], tables: Tables, study: str) -> list[dict[str, Any]]:
    """Every claim: first about the models that it names, then what this study's other models show, under their names."""
    models = list(dict.fromkeys(model for table in tables.values() if "model" in table for model in table["model"]))
    found = []
    for claim in claims:
        for model in claim.models:
            for values in _combinations(claim.each):
                found += _judged_each(claim, model, values, tables, "paper")
    for claim in claims:
        for model in models:
            if model not in claim.models:
                for values in _combinations(claim.each | claim.here):
                    own = _judged_each(claim, model, values, tables, study)
                    found += [row for row in own if row["verdict"] != NOT_TESTABLE or row["reason"] != NO_ROW]
    return found


NO_ROW = "no such row in this study"


def _combinations(each: Mapping[str, Sequence[Value]]) -> list[Values]:
    return [dict(zip(each, values, strict=True)) for values in product(*each.values())]


def _judged_each(claim: Claim, model: str, values: Values, tables: Tables, about: str) -> list[dict[str, Any]]:
    """A verdict for every choice of carriers that the claim may mean."""
    words = claim_rows.words(claim, values)
    meant = {word: claim_rows.meant_by(word, claim, model, values, tables) for word in words}
    several = [word for word in words if len(meant[word]) > 1]
    found = []
    for names in product(*meant.values()):
        called = dict(zip(words, names, strict=True))
        found.append(_judged(claim, model, values, tables, about, called, [called[word] for word in several]))
    return found


def _judged(
    claim: Claim, model: str, values: Values, tables: Tables, about: str, called: dict[str, str], told: list[str]
) -> dict[str, Any]:
    """One verdict. called: word -> the study's carrier. told: those of them that tell this verdict from others."""
    named = values | {key: called[str(values[key])] for key in claim_rows.PAIR if key in values}
    conditions = [_condition(condition, model, values, named, called, tables) for condition in claim.conditions]
    first, each = conditions[0], [condition["verdict"] for condition in conditions]
    verdict = next((name for name in (NOT_TESTABLE, CONTRADICTED, INCONCLUSIVE) if name in each), SUPPORTED)
    own = about != "paper"
    statement = claim.statement.format(**named) + (f" ({', '.join(told)})" if told else "")
    return {
        "id": "/".join([*([about] if own else []), claim.id, model, *map(str, values.values()), *told]),
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


def _condition(
    condition: Condition, model: str, values: Values, named: Values, called: dict[str, str], tables: Tables
) -> dict[str, Any]:
    """One condition. values: of the claim. named: the same with the study's own names of carriers."""
    column = condition.column.format(**named)
    threshold = condition.above if condition.below is None else condition.below
    side = "above" if condition.below is None else "below"
    told = {"table": condition.table, "column": column, side: threshold}
    nothing = {"effect": None, "lo": None, "hi": None, "n": None, "verdict": NOT_TESTABLE}
    where: Values = {"model": model}
    for key, value in condition.where.items():
        meant = claim_rows.filled(value, values)
        where[key] = called[str(meant)] if key in claim_rows.PAIR else meant
    row = claim_rows.row_of(tables.get(condition.table), where)
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
