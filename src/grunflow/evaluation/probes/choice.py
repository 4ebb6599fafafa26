"""Multiple-choice questions through lm-eval, with the carriers acting."""

import pandas as pd

from grunflow.config.sets import ProbeSpec
from grunflow.evaluation.asking import Asking

GENERATES = False
ANSWERS = 4  # options
QUESTION_TOKENS = 150


def probe(asking: Asking, spec: ProbeSpec) -> dict[str, pd.DataFrame]:
    """choice: a row per question with `correct` (lm-eval's `acc`); a group's questions are numbered through its tasks.

    A set with a file is a task over that file; one without is lm-eval's own task or group of that name. The option `limit`
    takes the first so many questions of each.
    """
    from grunflow.evaluation.harness import StackLM, scored_answers

    lm = StackLM(asking.stack, asking.tokenizer, asking.batch_size)
    found = scored_answers(lm, spec.sets, asking.data, spec.options.get("limit"))
    frames = [pd.DataFrame({"set": name, "index": range(len(c)), "correct": c}) for name, c in found.items()]
    return {"choice": pd.concat(frames, ignore_index=True)}
