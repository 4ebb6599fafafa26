"""The question in lower case, in capitals, or with every word capitalised."""

from dataclasses import replace

from grunflow.config.parts import ConditionSpec
from grunflow.evaluation.asking import Asking

PARAMETERS = {"letters": None}
LIMITS = {"letters": ("lower", "upper", "title")}
MEANINGS = {"letters": "lower: all small; upper: all capitals; title: the first of every word a capital"}


def put(asking: Asking, spec: ConditionSpec) -> Asking:
    """The question alone: what stands around it in the prompt template stays."""
    return replace(asking, question_of=lambda asked, place, row: getattr(str(row["question"]), spec.letters)())
