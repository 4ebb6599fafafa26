"""A run by lm-eval's own command has the scores that it has in the workflow."""

import importlib
import json
import sys
import tomllib
from argparse import Namespace
from pathlib import Path

import pytest
import yaml
from tests.exporting.made import run, target

from grunflow.commands import lm_eval
from grunflow.config.sets import DataSet
from grunflow.errors import BadInput
from grunflow.evaluation.harness import StackLM, scored_answers
from grunflow.evaluation.lm_eval_model import NAME, RunLM
from grunflow.evaluation.tasks import DOMAIN_TASK
from grunflow.loaded import of_folder, subject_of

ROOT = Path(__file__).parents[2]
COLOURS = DataSet(name="colours", role="keep", file="sets/colours.jsonl")
WORDS = ("red", "blue", "green", "light yellow")
pytestmark = pytest.mark.filterwarnings("ignore")  # lm-eval's own


@pytest.mark.slow
def test_its_own_command_gives_equal_scores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unlearned = run(tmp_path / "runs" / "grun", [target(tmp_path / "runs" / "target_t0")], "grun", strong=2.0)
    rows = [{"question": f"What colour is thing {i}?", "choices": WORDS, "answer": i % 4} for i in range(20)]
    (tmp_path / "sets").mkdir()
    (tmp_path / COLOURS.file).write_text("".join(json.dumps(row) + "\n" for row in rows))
    tokenizer, stack = subject_of(of_folder(unlearned))
    own = scored_answers(StackLM(stack, tokenizer, 4), [COLOURS], tmp_path)["colours"]
    assert 0 < sum(own) < 20

    task = {**DOMAIN_TASK, "task": "colours", "dataset_kwargs": {"data_files": {"test": str(tmp_path / COLOURS.file)}}}
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "colours.yaml").write_text(yaml.safe_dump(task))
    monkeypatch.setattr(sys, "argv", list(sys.argv))
    arguments = ["run", "--model", "grunflow", "--model_args", f"run={unlearned}", "--tasks", "colours",
                 "--include_path", str(tmp_path / "tasks"), "--batch_size", "3", "--output_path", str(tmp_path / "found.json"),
                 "--log_samples"]  # fmt: skip
    lm_eval.run(Namespace(arguments=arguments))
    (samples,) = tmp_path.rglob("samples_colours*.jsonl")
    found = sorted((json.loads(line) for line in samples.read_text().splitlines()), key=lambda row: row["doc_id"])
    assert [row["acc"] for row in found] == own


def test_arguments_that_it_has_not_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="--model_args: got pretrained, expected run=FOLDER"):
        RunLM(run="x", pretrained="gpt2")
    with pytest.raises(BadInput, match="--model_args: got no run"):
        RunLM()
    with pytest.raises(BadInput, match="--batch_size: got 'auto', expected a number of rows"):
        RunLM(run="x", batch_size="auto")


def test_the_entry_point_for_newer_versions_names_the_same_class() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["lm_eval.models"]
    module, _, name = told[NAME].partition(":")
    assert getattr(importlib.import_module(module), name) is RunLM
