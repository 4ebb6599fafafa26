"""Several answers drawn to each question, and how many of them are right."""

import pandas as pd

from grunflow.config.sets import ProbeSpec
from grunflow.evaluation.asking import Asking
from grunflow.evaluation.drawing import Drawing
from grunflow.evaluation.judges import JUDGES

GENERATES = True
ANSWERS = 0
QUESTION_TOKENS = None
FORMS = True


def probe(asking: Asking, spec: ProbeSpec) -> dict[str, pd.DataFrame]:
    """samples: a row per question with `draws`, how many of them are `right`, `k`, and the first draw.

    Options: draws, temperature, top_p, seed (evaluation/drawing.py), judge and threshold (evaluation/judges.py), k.
    """
    told, frames = spec.options, []
    drawing = Drawing(told["draws"], told["temperature"], told["top_p"], told["seed"])
    judge = JUDGES[told["judge"]]
    for asked in asking.each(spec):
        asker, rows, form = asking.asker(asked), asking.rows(asked), asking.form(asked)
        examples = [form.example(row["question"], row["answer"]) for row in rows]
        table = []
        for index, (row, several) in enumerate(zip(rows, asker.draw(examples, drawing), strict=True)):
            right = sum(judge(said, row, told["threshold"]) for said in several)
            told_of = {"index": index, "question": row["question"], "answer": row["answer"], "first": several[0]}
            table.append(told_of | {"draws": len(several), "right": right, "k": told["k"]})
        frames.append(pd.DataFrame(table).assign(set=asked.name))
    return {"samples": pd.concat(frames, ignore_index=True)}
