"""Multiple-choice questions in the authors' own form: the letter with the largest logit (evaluation/letters.py)."""

import pandas as pd

from grunflow.config.sets import ProbeSpec
from grunflow.evaluation.asking import Asking
from grunflow.evaluation.letters import items_of, option_logits

GENERATES = False
ANSWERS = 1
QUESTION_TOKENS = 150


def probe(asking: Asking, spec: ProbeSpec) -> dict[str, pd.DataFrame]:
    """choice: a row per question with `correct`. The option `limit` takes the first so many questions of each set."""
    frames = []
    for asked in asking.each(spec):
        items = items_of(asking.rows(asked, ("question",))[: spec.options.get("limit")])
        predicted = option_logits(asking.stack, asking.tokenizer, items, asking.batch_size).argmax(dim=1).tolist()
        correct = [float(guess == item.label) for guess, item in zip(predicted, items, strict=True)]
        frames.append(pd.DataFrame({"set": asked.name, "index": range(len(items)), "correct": correct}))
    return {"choice": pd.concat(frames, ignore_index=True)}
