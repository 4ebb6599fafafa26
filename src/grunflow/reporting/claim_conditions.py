"""One condition of a claim against the row that it speaks about: verdict, effect, interval, and why not where it cannot be
tested."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from grunflow.config.claims import Claim, Condition
from grunflow.config.models import Architecture
from grunflow.config.shown_specs import AbsentRun
from grunflow.reporting import absence, claim_rows
from grunflow.reporting.claim_rows import Tables, Value
from grunflow.reporting.closed_form import figures
from grunflow.reporting.holm import p_bounds
from grunflow.reporting.rivals import MINUS
from grunflow.reporting.seeds import QUESTIONS_ONLY
from grunflow.reporting.verdicts import CONTRADICTED, INCONCLUSIVE, NOT_TESTABLE, SUPPORTED

Values = dict[str, Value]
NO_ROW = "no such row in this study"
NO_TABLE = "no table"


@dataclass(frozen=True)
class Study:
    """What claims are held against.

    name: of the study. tables: its tables. engine: that its edits were trained by. shapes: of the models of its sheet. absent:
    runs that it asks for and has no result of.
    """

    name: str
    tables: Tables
    engine: str = ""
    shapes: Mapping[str, Architecture] = field(default_factory=dict)
    absent: Sequence[AbsentRun] = ()


def judged(
    condition: Condition, claim: Claim, model: str, values: Values, called: Mapping[str, str], study: Study
) -> dict[str, Any]:
    """One condition. called: word of the claim -> the study's carrier."""
    named = values | {key: called[str(values[key])] for key in claim_rows.PAIR if key in values}
    column = condition.column.format(**named)
    side = "above" if condition.below is None else "below"
    where: Values = {"model": model}
    for key, value in condition.where.items():
        meant = claim_rows.filled(value, values)
        where[key] = called[str(meant)] if key in claim_rows.PAIR else meant
    told = {"table": condition.table, "column": column, "where": where, side: getattr(condition, side)}
    row = claim_rows.row_of(study.tables, condition.table, where)
    nothing = {
        "effect": None,
        "lo": None,
        "hi": None,
        "n": None,
        "verdict": NOT_TESTABLE,
        "p_for": None,
        "p_against": None,
    }
    absent = claim_rows.absent(condition.table, where, called.values(), study.tables, study.absent)
    gone = absence.sentence(absent).rstrip(".")
    if row is not None and column not in row and MINUS not in column:
        return told | nothing | {"reason": f"table `{condition.table}` has no column {column}"}
    if row is None or column not in row:
        known = _of_shape(condition, claim, model, study)
        return told | nothing | (known or {"reason": gone or _missing(condition, study)})
    judgement = _of_row(row, column, condition, claim, study)
    return told | nothing | judgement | {"reason": "; ".join(filter(None, (judgement["reason"], gone)))}


def _of_shape(condition: Condition, claim: Claim, model: str, study: Study) -> dict[str, Any]:
    """The verdict by the model's shape; nothing where there is no closed form, no such model in the sheet, or one that the claim
    does not name (its method's blocks are of the models that it names)."""
    if condition.closed_form is None or model not in claim.models or model not in study.shapes:
        return {}
    known = figures(model, study.shapes[model], condition.closed_form)
    if condition.column not in known:
        return {}
    value = float(known[condition.column])
    said = f"by closed form, not run: {known['trained_parameters']:,} of {known['model_parameters']:,} parameters"
    return _verdict(value, value, value, 1, condition) | {"reason": said}


def _missing(condition: Condition, study: Study) -> str:
    return NO_ROW if condition.table in study.tables else f"{NO_TABLE} `{condition.table}` in this study"


def _of_row(row: Mapping[str, Any], column: str, condition: Condition, claim: Claim, study: Study) -> dict[str, Any]:
    """Verdict of a row that is there; without one the reason, and the effect where there is one."""
    effect = float(row[column])
    reason, told = (row[name] if isinstance(row.get(name), str) else "" for name in ("reason", "told"))
    told = _about(told, column)
    if math.isnan(effect):
        return {"reason": "; ".join(filter(None, (reason, told))) or f"{column} is empty: no such comparison"}
    # A figure without _lo and _hi is exact, as a count of parameters is.
    lo, hi = (float(row.get(f"{column}{end}", effect)) for end in ("_lo", "_hi"))
    n, replicates = _counts(row, column)
    if n is None:
        return {"reason": f"table `{condition.table}` does not say over how many seeds {column} is"}
    known: dict[str, Any] = {"effect": effect, "n": n}
    size = row.get("model_parameters")
    if claim.scale is not None and size is not None and size < claim.scale:
        return known | {
            "reason": f"the claim is of models of {claim.scale:.0e} parameters and more (our bound), this one has {size:,.0f}"
        }
    if condition.engine and condition.engine != study.engine:
        return known | {
            "reason": f"engine {study.engine}: edits were trained faster than what they are compared with could be; "
            f"`engine: {condition.engine}` compares like with like"
        }
    if f"{column}_lo" in row and (math.isnan(lo) or row.get("interval") == QUESTIONS_ONLY or n < 2):
        return known | {"reason": "one seed: its interval says nothing of other seeds"}
    engine = f"engine {study.engine}" if condition.engine else ""
    said = {"reason": "; ".join(filter(None, (told, engine)))}
    return known | {"lo": lo, "hi": hi} | _verdict(effect, lo, hi, replicates, condition) | said


def _counts(row: Mapping[str, Any], column: str) -> tuple[int | None, int]:
    """Seeds, and replicates where the table says so (seeds that share a target model are one), that a figure is over; of a difference
    to another carrier (reporting/rivals.py) those that both have. None without a number of seeds."""
    carrier = column.partition(MINUS)[2]

    def count(name: str) -> int | None:
        known = [row[key] for key in (f"{name}{MINUS}{carrier}", name) if isinstance(row.get(key), int | float)]
        return next((int(value) for value in known if not pd.isna(value)), None)

    n = count("seeds")
    return n, count("replicates") or n or 0


def _about(told: str, column: str) -> str:
    """Of what a row must say of itself, that which is not of another of its differences (tables/equal.py)."""
    return "; ".join(part for part in told.split("; ") if MINUS not in part or column in part.split())


def _verdict(effect: float, lo: float, hi: float, n: int, condition: Condition) -> dict[str, Any]:
    """The verdict at 95 %, and bounds of the p-values of what is claimed and of its opposite."""
    threshold = condition.above if condition.above is not None else condition.below
    assert threshold is not None, "Condition has one of them"
    above, below = p_bounds(effect, lo, hi, threshold, n)
    if condition.above is not None:
        verdict = SUPPORTED if lo > threshold else CONTRADICTED if hi <= threshold else INCONCLUSIVE
    else:
        verdict = SUPPORTED if hi < threshold else CONTRADICTED if lo >= threshold else INCONCLUSIVE
        above, below = below, above
    return {"effect": effect, "lo": lo, "hi": hi, "verdict": verdict, "p_for": above, "p_against": below}
