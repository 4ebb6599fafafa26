"""How deep it is forgotten: a run's states are put into the target model behind one block after the other, and what the target then still
knows of the answer says whether the run's states held it (UDS; evaluation/depth.py).

The target and the retain model are asked so too; by construction the target's depth is 0 and the retain model's 1. Answers are looked at
where they tell right from wrong: the words of evaluation/judges.py, in place of entity spans that somebody marked.

Source: Lee, Kim and Jo, 2605.24614.
"""

from grunflow.config.parts import ConditionSpec
from grunflow.evaluation.asking import Asking

PROBE = "depth"
PARAMETERS = {"threshold": 0.05, "blocks": None}
OPTIONAL = ("blocks",)
LIMITS = {"threshold": "not negative", "blocks": "blocks"}
MEANINGS = {
    "threshold": "nats by which the retain model's states must lower the target's log-probability behind a block for it to count",
    "blocks": "behind which states are put, one after the other; null: all",
}


def put(asking: Asking, spec: ConditionSpec) -> Asking:
    """As a run is asked plainly; the probe puts its states into the target model."""
    return asking
