"""Answer multiple-choice questions through lm-eval, with the carrier acting; some also in the authors' form."""

from pathlib import Path
from typing import Any

import pandas as pd

from grunflow.carriers import restore, untouched
from grunflow.carriers.base import Carrier
from grunflow.config.wmdp import EvaluateWmdp
from grunflow.data.records import read_rows
from grunflow.evaluation.multiple_choice import items_of, option_logits
from grunflow.models.loading import base_model, base_tokenizer


def run(spec: EvaluateWmdp, inputs: dict[str, list[Path]], out: Path, batch_size: int) -> dict:
    """Write `answers.parquet`: task, index, correct; a row per question, `task` as the config names it."""
    data = inputs["data"][0]
    tokenizer = base_tokenizer(spec.model, inputs)
    model = base_model(spec.model, inputs)
    carrier = restore(inputs["model"][0], model) if "model" in inputs else untouched(model)
    frames = [harness_answers(carrier, tokenizer, spec, data, batch_size)]
    for task in spec.authors_form:
        rows = read_rows(data / "questions" / f"{task}.json", ("question",))[: spec.limit]
        items = items_of(rows)
        predicted = option_logits(carrier, tokenizer, items, batch_size).argmax(dim=1).tolist()
        correct = [guess == item.label for guess, item in zip(predicted, items, strict=True)]
        frames.append(pd.DataFrame({"task": f"{task}_grun", "index": range(len(items)), "correct": correct}))
    answers = pd.concat(frames, ignore_index=True)
    answers.to_parquet(out / "answers.parquet", index=False)
    return {"questions": len(answers)}


def harness_answers(carrier: Carrier, tokenizer: Any, spec: EvaluateWmdp, data: Path, batch_size: int) -> pd.DataFrame:
    """lm-eval's accuracy per question; a group's questions are numbered through its tasks."""
    from grunflow.evaluation.harness import CarrierLM, correct_answers

    found = correct_answers(CarrierLM(carrier, tokenizer, batch_size), spec.tasks, data, spec.limit)
    return pd.concat(
        [pd.DataFrame({"task": name, "index": range(len(c)), "correct": c}) for name, c in found.items()],
        ignore_index=True,
    )
