"""Greedy continuations of prompts, beside the text that comes next, cut to as many tokens as are generated."""

import pandas as pd

from grunflow.config.sets import ProbeSpec
from grunflow.evaluation.asking import Asking
from grunflow.evaluation.probes.answers import score_set

GENERATES = FORMS = True
ANSWERS = 1
QUESTION_TOKENS = None


def probe(asking: Asking, spec: ProbeSpec) -> dict[str, pd.DataFrame]:
    """answers: as that probe gives them, of one answer. Special tokens count (muse_bench fcd6651, metrics/verbmem.py)."""
    frames, tokenizer = [], asking.tokenizer
    for asked in asking.each(spec):
        asker, rows = asking.asker(asked), asking.rows(asked)
        for row in rows:
            kept = tokenizer(row["answer"].strip())["input_ids"][: asker.max_new_tokens]
            row["answer"] = " " + tokenizer.decode(kept, skip_special_tokens=True)
        frames.append(score_set(asker, rows, asking.form(asked), others=False).assign(set=asked.name))
    return {"answers": pd.concat(frames, ignore_index=True)}
