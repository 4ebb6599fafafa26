"""Example answers side by side: a card per question, a line per method."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from grunflow.reporting.entries import PLAIN
from grunflow.reporting.external import called
from grunflow.reporting.results import Results
from grunflow.reporting.samples import SEEDS

METHOD = ["model", "objective", "carrier", "carrier_kind", "variant"]


def cards(results: Sequence[Results]) -> list[dict[str, Any]]:
    """Questions in order of benchmark, model and set, each with the answers of every method under its first seed."""
    asked = {item.title: item.frame("examples") for item in results if len(item.frame("examples"))}
    models = {model for frame in asked.values() for model in frame["model"]}
    found = []
    for title, frame in asked.items():
        frame = frame.assign(carrier=called(frame))
        for (model, name, _), group in first_runs(frame).groupby(["model", "set", "index"], sort=False):
            beside = [*([title] if len(asked) > 1 else []), *([model] if len(models) > 1 else [])]
            found.append(card(group, name, [*beside, name.replace("_", " ")]))
    return found


def first_runs(examples: pd.DataFrame) -> pd.DataFrame:
    """The rows of each method's run under its first seed."""
    plain = examples[examples["condition"] == PLAIN]
    runs = plain.sort_values(SEEDS).drop_duplicates(METHOD)["run"]
    return plain[plain["run"].isin(runs)]


def card(group: pd.DataFrame, name: str, tags: list[str]) -> dict[str, Any]:
    """One question of a set."""
    question = group.iloc[0]
    answers = [
        {"objective": row["objective"], "carrier": row["carrier"], "variant": row["variant"], "text": row["generation"],
         "scores": scores(row)}
        for row in group.to_dict("records")
    ]  # fmt: skip
    return {
        "set": name,
        "tags": tags,
        "question": question["question"],
        "truth": question["answer"],
        "answers": answers,
    }


def scores(row: Mapping[str, Any]) -> str:
    """What is known of one answer."""
    known = {"ROUGE-L": row["rougeL"], "gate": row.get("gate")}
    return " · ".join(f"{name} {value:.2f}" for name, value in known.items() if not pd.isna(value))


def filters(found: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
    """What cards can be chosen by, each in order."""
    lines = [answer for card in found for answer in card["answers"] if answer["carrier"]]
    return {
        "set": list(dict.fromkeys(card["set"] for card in found)),
        "objective": list(dict.fromkeys(answer["objective"] for answer in lines)),
        "carrier": list(dict.fromkeys(answer["carrier"] for answer in lines)),
    }
