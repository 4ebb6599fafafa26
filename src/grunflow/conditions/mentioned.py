"""A name from the other side in the prompt: somebody who is to be forgotten greets before an innocent question, and somebody who
is to be kept before one to be forgotten. A gate that opens on a name shuts the innocent question's answer away."""

import re
from collections import Counter
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
    """Names that stand in several questions of the role's sets, in the order in which they come.

    Raises:
        BadInput: none does.
    """
    rows = [row for asked in asking.sets if asked.role == role for row in asking.rows(asked)]
    known = Counter(_bare(name) for row in rows for name in NAME.findall(row["question"]))
    found = [name for name, times in known.items() if times > 1]
    if not found:
        raise BadInput(
            f"conditions.{spec.name}: no name (two capitalised words) stands in two questions of sets of role {role!r}; leave the "
            "condition out."
        )
    return found


def _bare(name: str) -> str:
    return re.sub(r"['’]s?$", "", name)
