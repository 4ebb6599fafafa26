"""How much of an answer the model recites, and how likely it finds each token: memorisation and membership attacks."""

import pandas as pd

from grunflow.config.sets import ProbeSpec
from grunflow.evaluation.asking import Asking
from grunflow.evaluation.membership import attack_scores
from grunflow.evaluation.memorisation import exact_memorisation, extraction_strength

GENERATES = False
ANSWERS = 1
QUESTION_TOKENS = None


def probe(asking: Asking, spec: ProbeSpec) -> dict[str, pd.DataFrame]:
    """membership: a row per answer with exact_memorisation, extraction_strength, and the score of each attack."""
    frames = []
    for asked in asking.each(spec):
        if asked.role == "holdout" and not (asking.data / asked.file).is_file():
            continue  # not every published copy has one; the attacks then say nothing
        rows, form = asking.rows(asked), asking.form(asked)
        examples = [form.example(row["question"], row["answer"]) for row in rows]
        scored, _ = asking.asker(asked).ask(examples, tokens_of=range(len(examples)))
        table = [
            {
                "index": index,
                "exact_memorisation": exact_memorisation(item.correct),
                "extraction_strength": extraction_strength(item.correct),
                **attack_scores(item, row["answer"]),
            }
            for index, (item, row) in enumerate(zip(scored.tokens, rows, strict=True))
        ]
        frames.append(pd.DataFrame(table).assign(set=asked.name))
    return {"membership": pd.concat(frames, ignore_index=True)}
