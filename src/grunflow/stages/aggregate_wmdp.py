"""Answers of every run -> answers.parquet and cost.parquet, one row per run and question, and per run."""

from pathlib import Path

import pandas as pd

from grunflow.config.wmdp import AggregateWmdp
from grunflow.stages.aggregate import cost


def run(spec: AggregateWmdp, inputs: dict[str, list[Path]], out: Path, batch_size: int) -> dict:
    """Input `score` comes in the order of spec.runs; input `run` in the order of the unlearned ones among them."""
    identity = [row.model_dump() for row in spec.runs]
    answers = [
        pd.read_parquet(folder / "answers.parquet").assign(**who)
        for who, folder in zip(identity, inputs["score"], strict=True)
    ]
    unlearned = [who for who in identity if who["unlearn_seed"] is not None]
    spent = [cost(who, folder) for who, folder in zip(unlearned, inputs["run"], strict=True)]
    pd.concat(answers, ignore_index=True).to_parquet(out / "answers.parquet", index=False)
    pd.DataFrame(spent).to_parquet(out / "cost.parquet", index=False)
    return {"runs": len(spec.runs)}
