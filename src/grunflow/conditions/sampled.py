"""Answers drawn, not greedy: what is forgotten in one answer may come back among many (leak@k; probe samples)."""

from grunflow.config.parts import ConditionSpec
from grunflow.evaluation.asking import Asking

PROBE = "samples"
PARAMETERS = {"draws": 16, "k": 8, "temperature": 1.0, "top_p": 1.0, "judge": "entity", "threshold": 0.9, "seed": 0}
LIMITS = {
    "draws": "count", "k": "count", "temperature": "not negative", "top_p": "unit", "judge": ("entity", "rouge"),
    "threshold": "unit", "seed": "whole",
}  # fmt: skip
MEANINGS = {
    "draws": "answers drawn per question, n",
    "k": "of how many one must be right: leak@k = 1 - C(n - c, k) / C(n, k), c of them right",
    "temperature": "logits are divided by it; 0: greedy",
    "top_p": "drawn among the likeliest tokens that hold this much of the probability",
    "judge": "what counts as right: entity, all words that tell the right answer from the wrong ones are in it; rouge, ROUGE-L recall",
    "threshold": "of judge rouge: the least recall of a right answer",
    "seed": "of the draws",
}
STRENGTH = "k"
AT_MOST = {"k": "draws"}


def put(asking: Asking, spec: ConditionSpec) -> Asking:
    """As a run is asked plainly; the probe draws."""
    return asking
