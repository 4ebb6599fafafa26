"""The first tokens of the answer stand in the prompt, and what is left of it is asked: an attacker who has the answer begun
(prefilling). An edit that acts at the last token of a prompt acts at the last one given.

Each answer, a wrong one too, is given its own first tokens; of a short one fewer, so that a word is left to say. Probability,
ROUGE-L and Truth Ratio are of what is left.
"""

from dataclasses import replace

from grunflow.config.parts import ConditionSpec
from grunflow.evaluation.asking import Asking

PARAMETERS = {"tokens": None}
LIMITS = {"tokens": "whole"}
MEANINGS = {"tokens": "how many tokens of the answer are given; 0: none"}
STRENGTH = "tokens"


def put(asking: Asking, spec: ConditionSpec) -> Asking:
    """Answers begun by their own first tokens."""
    return replace(asking, given=spec.tokens)
