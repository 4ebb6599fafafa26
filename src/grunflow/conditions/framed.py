"""The question with other words around it: a prefix, a suffix, a polite request. `prompt: "{question}"` is the question as it stands.

Source of the kind of attack: prefixes and suffixes that bring back unlearned answers (Lynch et al., 2402.16835, section 4).
"""

from dataclasses import replace

from grunflow.config.parts import ConditionSpec
from grunflow.evaluation.asking import Asking

PARAMETERS = {"prompt": None}
LIMITS = {"prompt": "question"}
MEANINGS = {"prompt": "what is asked, with {question} where the question stands"}


def put(asking: Asking, spec: ConditionSpec) -> Asking:
    """Every question within `prompt`."""
    return replace(
        asking, question_of=lambda asked, place, row: spec.prompt.replace("{question}", str(row["question"]))
    )
