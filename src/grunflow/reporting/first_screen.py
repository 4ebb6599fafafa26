"""The answer, in a few sentences that are written from the verdicts: what a reader sees first.

Primary claims decide it; where a sheet marks none, all of them. A claim of several comparisons is told in one sentence, with
the comparisons that each verdict is about.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from grunflow.reporting.verdicts import NOT_TESTABLE, VERDICTS

Row = Mapping[str, Any]
MOST = 3  # claims told one by one; the others are counted
MOST_NAMED = 4  # comparisons named of one verdict


def own_rows(rows: Iterable[Row], study: str) -> list[Row]:
    """Verdicts about the study's own models."""
    return [row for row in rows if row["about"] == study]


def by_claim(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Claim -> its verdicts; claims with a primary verdict first, else in the sheet's order."""
    found: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: not row.get("primary")):
        found.setdefault(row["claim"], []).append(row)
    return found


def counted(rows: Iterable[Row]) -> list[tuple[str, int]]:
    """Each verdict that was reached, and how often."""
    counts = Counter(row["verdict"] for row in rows)
    return [(name, counts[name]) for name in VERDICTS if counts[name]]


def answer(rows: Sequence[Row], study: str) -> dict[str, Any]:
    """What was found on the study's models: `whole`, a sentence; `claims`, each a statement with its verdicts; `rest`, a sentence on
    statements that are not primary; `others`, one on the models that the claims are about."""
    own = own_rows(rows, study)
    decisive = [row for row in own if row.get("primary")] or own
    tested = [row for row in decisive if row["verdict"] != NOT_TESTABLE]
    told = list(by_claim(tested).values())[:MOST]
    return {
        "whole": _whole(decisive, tested, any(row.get("primary") for row in own)),
        "claims": [
            {"statement": together([row["statement"] for row in group]), "verdicts": _split(group), "n": len(group)}
            for group in told
        ],
        "rest": _rest([row for row in own if not row.get("primary")] if len(decisive) < len(own) else []),
        "others": _others([row for row in rows if row["about"] != study]),
    }


def _whole(rows: Sequence[Row], tested: Sequence[Row], primary: bool) -> str:
    kind = "primary statement" if primary else "statement"
    if not rows:
        return "The claims name no model of this study."
    if not tested:
        return f"None of the {_many(len(rows), kind)} could be tested here: {_reasons(rows)}."
    left = len(rows) - len(tested)
    more = f"; {left} more could not be tested" if left else ""
    return f"{_found(tested, kind)} on this study's own models{more}."


def _reasons(rows: Sequence[Row]) -> str:
    """The commonest reason, and how many have it where others have another."""
    (reason, count), *others = Counter(row["reason"] for row in rows).most_common()
    return f"{reason} ({count} of {len(rows)})" if others else reason


def _found(tested: Sequence[Row], kind: str) -> str:
    """`Of 7 statements 2 are supported and 5 are inconclusive`, or `All 7 statements are inconclusive`."""
    parts = counted(tested)
    if len(parts) == 1:
        return f"{'All ' if len(tested) > 1 else ''}{_many(len(tested), kind)} {_are(len(tested))} {parts[0][0]}"
    return f"Of {_many(len(tested), kind)} {_list([f'{count} {_are(count)} {name}' for name, count in parts])}"


def _rest(rows: Sequence[Row]) -> str:
    tested = [row for row in rows if row["verdict"] != NOT_TESTABLE]
    return f"{_found(tested, 'exploratory statement')}, each by itself." if tested else ""


def _others(rows: Sequence[Row]) -> str:
    """Of the models that the claims name; what follows from their shapes by closed form was not run."""
    models = list(dict.fromkeys(row["model"] for row in rows))
    tested = [row for row in rows if row["verdict"] != NOT_TESTABLE and row["n"] is not None]
    if not models:
        return ""
    if not tested:
        return f"The models of the paper itself ({', '.join(models)}) were not run: of them this study says nothing."
    return f"{_found(tested, 'statement')} on the paper's own models ({', '.join(models)})."


def _split(group: Sequence[Row]) -> list[dict[str, Any]]:
    """Verdict -> how often, and of which comparisons where the claim has several."""
    names = differing([row["statement"] for row in group]) if len(counted(group)) > 1 else [""] * len(group)
    found = []
    for verdict, count in counted(group):
        mine = [name for name, row in zip(names, group, strict=True) if row["verdict"] == verdict and name]
        if len(mine) > MOST_NAMED:
            mine = [*mine[:MOST_NAMED], f"{len(mine) - MOST_NAMED} more"]
        found.append({"verdict": verdict, "count": count, "of": "; ".join(mine)})
    return found


def together(statements: Sequence[str]) -> str:
    """Statements of one form as one, with what differs side by side: `gd: more than full` and `gd: more than lora` give
    `gd: more than full / lora`. Of different forms the first."""
    columns = _columns(statements)
    if columns is None:
        return statements[0]
    words = []
    for column in columns:
        kinds = list(dict.fromkeys(column))
        end = (
            kinds[0][-1]
            if len(kinds) > 1 and all(word[-1] == kinds[0][-1] and word[-1] in ":,.;" for word in kinds)
            else ""
        )
        words.append(" / ".join(word.removesuffix(end) for word in kinds) + end)
    return " ".join(words)


def differing(statements: Sequence[str]) -> list[str]:
    """Of each statement the words in which it differs from the others."""
    columns = _columns(statements)
    if columns is None:
        return ["" for _ in statements]
    kept = [column for column in columns if len(set(column)) > 1]
    return [", ".join(column[place].strip(":,.;") for column in kept) for place in range(len(statements))]


def _columns(statements: Sequence[str]) -> list[tuple[str, ...]] | None:
    """Word by word; null where the statements are not of one form."""
    split = [statement.split() for statement in statements]
    return list(zip(*split, strict=True)) if len({len(words) for words in split}) == 1 else None


def _many(count: int, name: str) -> str:
    return f"{count} {name}{'s' if count > 1 else ''}"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _list(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
