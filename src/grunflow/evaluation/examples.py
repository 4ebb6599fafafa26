"""A few answers of every run, for people to read side by side."""

import pandas as pd

from grunflow.data.words import seen_by_rouge
from grunflow.evaluation.metrics import GATE
from grunflow.evaluation.rouge import rouge_l_recall

PER_SET = 8


def examples(answers: pd.DataFrame) -> pd.DataFrame:
    """Evenly spaced questions of each set, the same for every run.

    Args:
        answers: output of the probe of that name.

    Returns:
        set, index, question, answer, generation, rougeL (nan of an answer that ROUGE cannot read), gate (mean over blocks; nan
        without one).
    """
    picked = [
        rows.iloc[:: max(1, len(rows) // PER_SET)].head(PER_SET) for _, rows in answers.groupby("set", sort=False)
    ]
    frame = pd.concat(picked)
    gates = [column for column in frame if column.startswith(GATE)]
    frame = frame.assign(
        gate=frame[gates].mean(axis=1) if gates else float("nan"),
        rougeL=[recall(*pair) for pair in zip(frame["generation"], frame["answer"], strict=True)],
    )
    return frame[["set", "index", "question", "answer", "generation", "rougeL", "gate"]].reset_index(drop=True)


def recall(generation: str, answer: str) -> float:
    """ROUGE-L of one answer; nan where ROUGE cannot read the right one."""
    return rouge_l_recall(generation, answer) if seen_by_rouge(answer) else float("nan")
