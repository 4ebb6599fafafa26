"""Membership: questions that no model was trained on are asked where the data have them."""

import math
from pathlib import Path
from typing import Any

import pytest

from grunflow.benchmarks.base import RunScores
from grunflow.benchmarks.tofu.declaration import declare
from grunflow.benchmarks.tofu.keys import Keys
from grunflow.carriers.stack import Stack
from grunflow.config.models import Architecture
from grunflow.data.prompts import text
from grunflow.data.records import write_rows
from grunflow.data.tokenizer import train_tokenizer
from grunflow.evaluation.asking import Asking
from grunflow.evaluation.probes.membership import probe
from grunflow.models.tiny import build

ROWS = [{"question": f"What is {n}?", "answer": f"It is {n}, as anybody knows."} for n in ("one", "two", "three")]
OTHERS = [{"question": f"Who is {n}?", "answer": f"A friend of {n}."} for n in ("Ann", "Ben")]


@pytest.mark.parametrize("there", [True, False])
def test_the_attacks_of_tofu_say_something_where_there_is_a_holdout_and_are_blank_elsewhere(
    tmp_path: Path, there: bool
) -> None:
    """On the hub an old revision has no such split, which only shows when it is read."""
    tofu = declare(Keys())
    write_rows(tmp_path / tofu.probes[-1].sets[0].file, ROWS)
    if there:
        write_rows(tmp_path / tofu.probes[-1].sets[1].file, OTHERS)
    tokenizer: Any = train_tokenizer([text(row["question"], row["answer"]) for row in ROWS + OTHERS], 300)
    model = build(Architecture(hidden_size=16, layers=2, heads=2), tokenizer, 0).eval()
    found = probe(Asking(tokenizer, Stack(model), "fast", 4, 8, "plain", tmp_path, ""), tofu.probes[-1])
    assert found["membership"]["set"].tolist() == ["forget"] * 3 + ["holdout"] * 2 * there
    attacks = [metric for metric in tofu.metrics if metric.name.startswith("mia_")]
    values = [metric.of(RunScores(None, found)) for metric in attacks]
    assert len(values) == 4
    assert all(0 <= value <= 1 if there else math.isnan(value) for value in values)
