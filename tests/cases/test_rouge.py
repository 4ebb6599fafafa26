"""Case rouge_non_latin: right answers that ROUGE-L sees nothing of end in one line, and never as a figure."""

import json
from pathlib import Path

import pandas as pd
import pytest

from grunflow.benchmarks.tofu import published
from grunflow.benchmarks.tofu.keys import Keys
from grunflow.data.records import write_rows
from grunflow.errors import BadInput
from grunflow.manifest import output_folder
from tests.cases import loaded
from tests.workflow.small_study import write_benchmark

ANSWERS = ("他是一位作家。", "Писатель.", "😀😀😀")


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("split", ["forget01_perturbed", "world_facts_perturbed"])
def test_a_benchmark_with_such_answers_is_refused_when_it_is_read(tmp_path: Path, answer: str, split: str) -> None:
    write_benchmark(tmp_path)
    path = tmp_path / f"{split}.json"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows[1]["answer"] = answer
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(
        BadInput, match=rf"^TOFU split {split} line 2\.answer: got .*of which ROUGE-L sees nothing"
    ) as caught:
        published.load(Keys(folder=str(tmp_path)))
    assert "\n" not in str(caught.value)


def asked(folder: Path, answer: str) -> Path:
    """Scores of a model that was trained on such an answer, and is asked for it."""
    rows = [{**row, "answer": answer if place == 1 else row["answer"]} for place, row in enumerate(loaded.ROWS[:3])]
    words = loaded.tokenizer(answer)
    with output_folder(folder / "data", spec={}, code="", inputs={}) as (draft, _):
        for name in ("forget", "full"):
            write_rows(draft / "sets" / f"{name}.jsonl", rows)
    model = loaded.row_of(loaded.model_in(folder / "model", words=words))
    start = loaded.target(folder / "target", model, folder / "data")
    return loaded.scored(folder / "scores", model, folder / "data", "plain", start)


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_evaluation_of_such_answers_writes_no_scores(tmp_path: Path, answer: str) -> None:
    with pytest.raises(BadInput, match=r"^evaluated questions\[1\]\.answer: got .*leave the question out"):
        asked(tmp_path, answer)
    assert not (tmp_path / "scores").exists()


def test_an_answer_with_an_accent_is_scored(tmp_path: Path) -> None:
    assert len(pd.read_parquet(asked(tmp_path, "José Müller wrote it.") / "answers.parquet")) == 3
