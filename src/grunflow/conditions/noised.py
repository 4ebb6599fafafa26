"""The question with words of random letters before or behind it; the same for a question of every run."""

import random
from dataclasses import replace
from string import ascii_lowercase

from grunflow.config.parts import ConditionSpec
from grunflow.config.sets import DataSet
from grunflow.evaluation.asking import Asking, Row

PARAMETERS = {"words": None, "place": "before", "seed": 0}
LIMITS = {"words": "whole", "place": ("before", "behind"), "seed": "whole"}
MEANINGS = {
    "words": "how many, of three to eight letters each",
    "place": "where they stand: before the question or behind it",
    "seed": "of the letters",
}
STRENGTH = "words"


def put(asking: Asking, spec: ConditionSpec) -> Asking:
    """Noise of its own for every question: no attack that was fitted to one."""

    def noised(asked: DataSet, place: int, row: Row) -> str:
        drawn = random.Random(f"{spec.seed} {asked.name} {place}")  # of a text: the same in every process
        noise = ["".join(drawn.choices(ascii_lowercase, k=drawn.randint(3, 8))) for _ in range(spec.words)]
        parts = [*noise, row["question"]] if spec.place == "before" else [row["question"], *noise]
        return " ".join(parts)

    return replace(asking, question_of=noised)
