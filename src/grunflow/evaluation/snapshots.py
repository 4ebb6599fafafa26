"""The trade-off on the way: forget and retain answers scored at a few steps."""

from pathlib import Path

import pandas as pd

from grunflow.data.prompts import encode
from grunflow.data.records import read_rows
from grunflow.data.splits import RETAIN_OF_FORGET
from grunflow.evaluation.answering import Asker


def snapshot_rows(data: Path, forget_split: str, count: int) -> dict[str, list[dict]]:
    """Every n-th row of the forget split, and of the retain rows outside retain_perturbed.

    The retain rows are read by no reported metric. The forget rows are: what was trained can be forgotten only there
    (asked in other words, a small model hardly knows it to begin with). So a checkpoint or rate is to be chosen on
    another world, as config/tune_demo.yaml does, not on the snapshots of the runs that are reported.
    """
    forget = read_rows(data / "records" / f"{forget_split}.json")
    reported = {row["question"] for row in read_rows(data / "records" / "retain_perturbed.json")}
    retain = [
        row
        for row in read_rows(data / "records" / f"{RETAIN_OF_FORGET[forget_split]}.json")
        if row["question"] not in reported
    ]
    return {
        name: rows[:: max(1, len(rows) // count)][:count] for name, rows in (("forget", forget), ("retain", retain))
    }


def snapshot(asker: Asker, rows: dict[str, list[dict]], template: str) -> pd.DataFrame:
    """One row per question: set, question, answer, generation, nll (nats, summed), n (labels). Metrics come later."""
    asked = [(name, row) for name, several in rows.items() for row in several]
    examples = [encode(asker.tokenizer, row["question"], row["answer"], template) for _, row in asked]
    scored, generations = asker.ask(examples, range(len(examples)))
    return pd.DataFrame(
        {
            "set": [name for name, _ in asked],
            "question": [row["question"] for _, row in asked],
            "answer": [row["answer"] for _, row in asked],
            "generation": generations,
            "nll": scored.nll_sum.tolist(),
            "n": scored.n_labels.tolist(),
        }
    )
