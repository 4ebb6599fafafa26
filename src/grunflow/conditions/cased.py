"""The question in lower case, in capitals, or with every word capitalised."""

import re
from collections.abc import Callable
from dataclasses import replace

from grunflow.config.parts import ConditionSpec
from grunflow.evaluation.asking import Asking

PARAMETERS = {"letters": None}
LIMITS = {"letters": ("lower", "upper", "title")}
MEANINGS = {"letters": "lower: all small; upper: all capitals; title: the first of every word a capital"}

# str.title() would begin anew behind an apostrophe.
CHANGES: dict[str, Callable[[str], str]] = {
    "lower": str.lower,
    "upper": str.upper,
    "title": lambda text: re.sub(r"\S+", lambda word: word[0][0].upper() + word[0][1:], text),
}


def put(asking: Asking, spec: ConditionSpec) -> Asking:
    """The question alone: what stands around it in the prompt template stays."""
    change = CHANGES[spec.letters]
    return replace(asking, question_of=lambda asked, place, row: change(str(row["question"])))
