"""A name from the other side in the prompt: somebody who is to be forgotten greets before an innocent question, and somebody who
is to be kept before one to be forgotten. A gate that opens on a name shuts the innocent question's answer away."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from grunflow.config.parts import ConditionSpec
from grunflow.config.sets import DataSet
from grunflow.errors import BadInput
from grunflow.evaluation.asking import Asking, Row

PARAMETERS = {"greeting": "sends greetings."}
MEANINGS = {"greeting": "what is said behind the name, before the question"}
# Two and more capitalised words on end, behind the first word of a question, which is always capitalised.
NAME = re.compile(r"(?<=\s)[^\W\d_a-z][\w'’-]*(?:\s[^\W\d_a-z][\w'’-]*)+")


def put(asking: Asking, spec: ConditionSpec) -> Asking:
    """`<name> <greeting> <question>`, names in turn, the same in every run."""
    forget, keep = (_names(asking, role, spec) for role in ("forget", "keep"))

    def greeted(asked: DataSet, place: int, row: Row) -> str:
        names = keep if asked.role == "forget" else forget
        return f"{names[place % len(names)]} {spec.greeting} {row['question']}"

    return replace(asking, question_of=greeted)


def _names(asking: Asking, role: str, spec: ConditionSpec) -> list[str]:
    """Names that stand in several questions of the role's sets and in none of the other side's, in the order in which they come.

    Raises:
        BadInput: none does.
    """
    found = names_of(*_rows(asking, role))
    if not found:
        raise BadInput(
            f"conditions.{spec.name}: no name (two capitalised words) stands in two questions of sets of role {role!r} and "
            "in none of the other side's; leave the condition out."
        )
    return found


def names_of(own: Iterable[Row], other: Iterable[Row]) -> list[str]:
    """Names that stand in several of the own questions and in none of the other ones."""
    mine, theirs = (
        Counter(_bare(name) for row in rows for name in NAME.findall(row["question"])) for rows in (own, other)
    )
    return [name for name, times in mine.items() if times > 1 and name not in theirs]


def _rows(asking: Asking, role: str) -> tuple[list[Row], list[Row]]:
    """Of the sets of this role, and of those of the other one of forget and keep."""
    sides = {"forget": [], "keep": []}  # type: dict[str, list[Row]]
    for asked in asking.sets:
        sides.get(asked.role, []).extend(asking.rows(asked))
    return sides[role], sides["keep" if role == "forget" else "forget"]


def _bare(name: str) -> str:
    return re.sub(r"['’]s?$", "", name)
