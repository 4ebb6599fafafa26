"""Example answers side by side: a card per question, a line per method."""

from typing import Any

import pandas as pd


def cards(examples: pd.DataFrame) -> list[dict[str, Any]]:
    """Questions in order of model and set, each with the answers of every method under its model's first seed.

    Args:
        examples: examples.parquet of stages/aggregate.py.
    """
    first = examples["target_seed"].groupby(examples["model"]).transform("min") == examples["target_seed"]
    rows = examples[first]
    one_each = rows.drop_duplicates(["model", "objective", "carrier", "variant", "set", "index"])
    found = []
    for (model, name, _), group in one_each.groupby(["model", "set", "index"], sort=False):
        question = group.iloc[0]
        answers = [
            {"objective": row["objective"], "carrier": row["carrier"], "variant": row["variant"], "text": row["generation"],
             "rougeL": row["rougeL"], "gate": None if pd.isna(row["gate"]) else row["gate"]}
            for row in group.to_dict("records")
        ]  # fmt: skip
        found.append(
            {
                "model": model,
                "set": name,
                "question": question["question"],
                "truth": question["answer"],
                "answers": answers,
            }
        )
    return found
