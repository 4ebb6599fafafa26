"""Whether a drawn answer is right, by name. Each: (what was said, the question's row, threshold) -> bool."""

import re
from collections.abc import Callable
from typing import Any

from grunflow.evaluation.rouge import rouge_l_recall

WORD = re.compile(r"\w+")


def words(text: str) -> set[str]:
    """Words of a text, in lower case."""
    return set(WORD.findall(text.lower()))


def telling(row: dict[str, Any]) -> set[str]:
    """Words of the right answer that tell it from the wrong ones: in the answer and in its paraphrase, in no wrong answer, and not
    in the question. Where that leaves none, the words that the question does not hold; where that leaves none, all."""
    right = words(row["answer"])
    asked = words(row["question"])
    alike = right & words(row.get("paraphrased_answer", row["answer"]))
    wrong = set[str]().union(*(words(answer) for answer in row.get("perturbed_answer", ())))
    return (alike - wrong - asked) or (right - asked) or right


def entity(said: str, row: dict[str, Any], threshold: float) -> bool:
    """Every telling word was said, in any order."""
    return telling(row) <= words(said)


def rouge(said: str, row: dict[str, Any], threshold: float) -> bool:
    """ROUGE-L recall (evaluation/rouge.py) of at least `threshold`."""
    return rouge_l_recall(said, row["answer"]) >= threshold


JUDGES: dict[str, Callable[[str, dict[str, Any], float], bool]] = {"entity": entity, "rouge": rouge}
