"""Claims against tables: supported, contradicted, inconclusive, or not testable here.

A condition "column above x" is supported where the whole 95 % interval lies above x, contradicted where it lies below, and
inconclusive between. A claim is supported where all of its conditions are, contradicted where one is. Effect and interval
are those of its first condition. Where a claim means several of a study's carriers (all of a kind), each is judged by itself
and stands in the verdict's id.

A few claims are primary; those of one family are tested together (holm.py), so that of all verdicts of a family a wrong one comes
up in at most 5 of 100 studies. To support a claim every condition must hold, which needs no correction (an intersection-union
test); to contradict it one of m conditions must fail at 0.05 / m. All other claims are exploratory: each verdict at 95 % by itself.
"""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from grunflow.config.claims import Claim
from grunflow.reporting import claim_conditions, claim_rows
from grunflow.reporting.claim_conditions import NO_ROW, NO_TABLE, Study, Values
from grunflow.reporting.claim_rows import Value
from grunflow.reporting.holm import rejected
from grunflow.reporting.verdicts import CONTRADICTED, INCONCLUSIVE, NOT_TESTABLE, PAPER, SUPPORTED


def verdicts(claims: Sequence[Claim], study: Study) -> list[dict[str, Any]]:
    """Every claim: first about the models that it names, then what this study's other models show, under their names."""
    tables = study.tables.values()
    of_tables = (model for table in tables if "model" in table for model in table["model"])
    models = list(dict.fromkeys([*of_tables, *(run.model for run in study.absent)]))
    found = []
    for claim in claims:
        for model in claim.models:
            for values in _combinations(claim.each):
                found += _judged_each(claim, model, values, study, PAPER)
    for claim in claims:
        for model in models:
            if model not in claim.models:
                for values in _combinations(claim.each | claim.here):
                    own = _judged_each(claim, model, values, study, study.name)
                    found += [row for row in own if not _is_elsewhere(row)]
    _tested_together(found)
    return found


def _is_elsewhere(row: Mapping[str, Any]) -> bool:
    """Whether a study has nothing of what a claim speaks of."""
    return all(part["reason"] == NO_ROW or part["reason"].startswith(NO_TABLE) for part in row["conditions"])


def _combinations(each: Mapping[str, Sequence[Value]]) -> list[Values]:
    return [dict(zip(each, values, strict=True)) for values in product(*each.values())]


def _judged_each(claim: Claim, model: str, values: Values, study: Study, about: str) -> list[dict[str, Any]]:
    """A verdict for every choice of carriers that the claim may mean."""
    words = claim_rows.words(claim, values)
    meant = {word: claim_rows.meant_by(word, claim, model, values, study.tables, study.absent) for word in words}
    several = [word for word in words if len(meant[word]) > 1]
    found = []
    for names in product(*meant.values()):
        called = dict(zip(words, names, strict=True))
        found.append(_judged(claim, model, values, study, about, called, [called[word] for word in several]))
    return found


def _judged(
    claim: Claim, model: str, values: Values, study: Study, about: str, called: dict[str, str], told: list[str]
) -> dict[str, Any]:
    """One verdict. called: word -> the study's carrier. told: those of them that tell this verdict from others."""
    named = values | {key: called[str(values[key])] for key in claim_rows.PAIR if key in values}
    conditions = [
        claim_conditions.judged(condition, claim, model, values, called, study)
        for condition in claim_rows.applying(claim, values)
    ]
    each = [condition["verdict"] for condition in conditions]
    verdict = next((name for name in (NOT_TESTABLE, CONTRADICTED, INCONCLUSIVE) if name in each), SUPPORTED)
    own = about != PAPER
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
        "primary": claim.is_primary(values),
        "family": claim.family if claim.is_primary(values) else None,
        "judged": "primary: not tested" if claim.is_primary(values) else "exploratory: 95 % by itself",
        "p": None,
        "verdict": verdict,
        **{name: conditions[0][name] for name in ("effect", "lo", "hi", "n")},
        "tables": sorted({condition["table"] for condition in conditions}),
        "conditions": conditions,
        "reason": _reason(verdict, conditions),
    }


def _tested_together(rows: Sequence[dict[str, Any]]) -> None:
    """Verdicts of primary claims by Holm's procedure over what can be tested of their family, of the paper's models and of the
    study's own apart."""
    families: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        if row["primary"] and row["verdict"] != NOT_TESTABLE:
            families.setdefault((row["about"], row["family"]), []).append(row)
    for (_, family), tested in families.items():
        for row in tested:
            row["p"] = min(_p(row))
        for row, (holds, level) in zip(tested, rejected(row["p"] for row in tested), strict=True):
            row["judged"] = f"primary: one of {len(tested)} of family {family}, Holm at {level:.3g}"
            alone, sides = row["verdict"], _p(row)
            row["verdict"] = INCONCLUSIVE if not holds else SUPPORTED if sides[0] <= sides[1] else CONTRADICTED
            if alone != row["verdict"]:
                lost = f"{alone} at 95 % by itself, not together with the others (p at most {row['p']:.2g}, asked {level:.2g})"
                row["reason"] = "; ".join(filter(None, (lost, row["reason"])))


def _p(row: Mapping[str, Any]) -> tuple[float, float]:
    """Bounds of the p-values of a claim and of its opposite."""
    conditions = row["conditions"]
    against = len(conditions) * min(condition["p_against"] for condition in conditions)
    return max(condition["p_for"] for condition in conditions), min(1.0, against)


def _reason(verdict: str, conditions: Sequence[dict[str, Any]]) -> str:
    """Why nothing was tested; else, of several conditions, what each says."""
    if verdict == NOT_TESTABLE:
        return "; ".join(dict.fromkeys(part["reason"] for part in conditions if part["verdict"] == NOT_TESTABLE))
    if len(conditions) == 1:
        return conditions[0]["reason"]
    return "; ".join(_said(part, _apart(conditions)) for part in conditions)


def _apart(conditions: Sequence[dict[str, Any]]) -> list[str]:
    """What tells the rows of conditions of one table from each other."""
    names = dict.fromkeys(name for part in conditions for name in part["where"])
    return [name for name in names if len({part["where"].get(name) for part in conditions}) > 1]


def _said(part: Mapping[str, Any], apart: Sequence[str]) -> str:
    side = "above" if "above" in part else "below"
    row = " ".join(str(part["where"][name]) for name in apart if name in part["where"])
    because = f" ({part['reason']})" if part["reason"] else ""
    return f"{f'{row}: ' if row else ''}{part['column']} {_figure(part)}, claimed {side} {part[side]:g}: {part['verdict']}{because}"


def _figure(row: Mapping[str, Any]) -> str:
    return f"{row['effect']:+.3g} [{row['lo']:+.3g}, {row['hi']:+.3g}]"


def unjudged(rows: Sequence[Mapping[str, Any]], reason: str) -> list[dict[str, Any]]:
    """The same verdicts with nothing tested, and no figure, for this reason: a rehearsal's numbers say nothing."""
    nothing = {"verdict": NOT_TESTABLE, "reason": reason}
    empty: dict[str, Any] = dict.fromkeys(("effect", "lo", "hi", "n"))
    return [
        {
            **row, **nothing, **empty, "p": None, "judged": "not judged",
            "conditions": [{**part, **nothing, **empty, "p_for": None, "p_against": None} for part in row["conditions"]],
        }
        for row in rows
    ]  # fmt: skip


def sentences(rows: Sequence[Mapping[str, Any]], parts: bool = True) -> list[str]:
    """A line per verdict, primary ones first; what cannot be tested here is told once per claim. parts: with what each condition of a
    claim says."""
    untested: dict[tuple[str, str, str], int] = {}
    found = []
    for row in sorted(rows, key=lambda row: not row["primary"]):
        if row["verdict"] == NOT_TESTABLE:
            key = (row["about"], row["claim"], row["reason"])
            untested[key] = untested.get(key, 0) + 1
        else:
            because = f" ({row['reason']})" if row["reason"] and parts else ""
            n = "" if row["n"] is None else f", n = {row['n']}"
            found.append(f"{row['verdict']:17} {row['id']}: {_figure(row)}{n}, {row['judged']}{because}")
    told = [
        f"{NOT_TESTABLE:17} {about}/{claim}: {count} ({reason})" for (about, claim, reason), count in untested.items()
    ]
    return found + told
