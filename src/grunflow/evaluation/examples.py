"""A few answers of every run, for people to read side by side."""

import pandas as pd

PER_SET = 8


def examples(scores: pd.DataFrame) -> pd.DataFrame:
    """Evenly spaced questions of each set, the same for every run.

    Args:
        scores: scores.parquet of stages/evaluate.py.

    Returns:
        set, index, question, answer, generation, rougeL, gate (mean over layers; nan without one).
    """
    picked = [rows.iloc[:: max(1, len(rows) // PER_SET)].head(PER_SET) for _, rows in scores.groupby("set", sort=False)]
    frame = pd.concat(picked)
    gates = [column for column in frame if column.startswith("gate_")]
    frame = frame.assign(gate=frame[gates].mean(axis=1) if gates else float("nan"))
    return frame[["set", "index", "question", "answer", "generation", "rougeL", "gate"]].reset_index(drop=True)
