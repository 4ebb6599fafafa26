"""Two questions in one prompt, one to be forgotten and one to be kept: its own answer is asked of each, with the other before or
behind it. A gate that reads one token hears the last question only."""

from dataclasses import replace
from typing import Any

from grunflow.config.parts import ConditionSpec
from grunflow.config.sets import DataSet
from grunflow.errors import BadInput
from grunflow.evaluation.asking import Asking, Row

PARAMETERS = {"other": None, "between": " "}
LIMITS = {"other": ("before", "behind"), "between": "text"}
MEANINGS = {
    "other": "where the other question stands: before the one whose answer is asked, or behind it",
    "between": "what stands between them",
}


def put(asking: Asking, spec: ConditionSpec) -> Asking:
    """Questions to be forgotten get one to be kept beside them, all others one to be forgotten; the same in every run.

    Raises:
        BadInput: nothing is asked that is to be kept, or to be forgotten.
    """
    forget, keep = (_questions(asking, role, spec) for role in ("forget", "keep"))

    def joined(asked: DataSet, place: int, row: Row) -> str:
        others = keep if asked.role == "forget" else forget
        pair: list[Any] = [others[place % len(others)], row["question"]]
        return spec.between.join(pair if spec.other == "before" else reversed(pair))

    return replace(asking, question_of=joined)


def _questions(asking: Asking, role: str, spec: ConditionSpec) -> list[str]:
    found = [str(row["question"]) for asked in asking.sets if asked.role == role for row in asking.rows(asked)]
    if not found:
        raise BadInput(f"conditions.{spec.name}: the benchmark asks no set of role {role!r}; leave the condition out.")
    return found
