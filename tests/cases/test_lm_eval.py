"""Case lm_eval_graded_acc and siblings: tasks of lm-eval whose figures are no shares of right answers."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from lm_eval.tasks.truthfulqa import utils

from grunflow.carriers.stack import Stack
from grunflow.config.sets import DataSet
from grunflow.errors import BadInput
from grunflow.evaluation import tasks
from grunflow.evaluation.harness import StackLM, accuracies, scored_answers
from grunflow.evaluation.tasks import check_tasks, members, unfit
from grunflow.models.loading import load_model, load_tokenizer
from tests.cases import loaded

GRADED = DataSet(name="graded", role="keep", file="sets/mc2.jsonl")


def scores(folder: Path, monkeypatch: pytest.MonkeyPatch, **keys: Any) -> list[float]:
    rows = [
        {
            "question": f"What hums {i}?",
            "mc2_targets": {"choices": ["Glass.", "A bell.", "Nothing."], "labels": [1, 0, 0]},
        }
        for i in range(6)
    ]
    (folder / "sets").mkdir()
    (folder / "sets" / "mc2.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    form = {
        **tasks.DOMAIN_TASK, "doc_to_text": "Q: {{question}}\nA:", "doc_to_choice": "{{mc2_targets.choices}}", "doc_to_target": 0, **keys,
    }  # fmt: skip
    monkeypatch.setattr(tasks, "DOMAIN_TASK", form)
    place = loaded.model_in(folder / "model")
    lm = StackLM(Stack(load_model(place)), load_tokenizer(place), 4)
    return scored_answers(lm, [GRADED], folder)["graded"]


@pytest.mark.filterwarnings("ignore")
def test_a_mass_of_probability_is_averaged_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """truthfulqa_mc2: every answer was False, the table's accuracy 0."""
    found = scores(tmp_path, monkeypatch, process_results=utils.process_results_mc2)
    assert len(found) == 6
    assert all(0 < value < 1 for value in found)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("value", [37.5, -0.5, float("nan"), (0, 1), None, "1"], ids=str)
def test_an_acc_that_is_no_share_is_refused(value: Any) -> None:
    with pytest.raises(
        BadInput, match=r"tasks: graded: `acc` of a question is .*, expected a number from 0 to 1; name a task"
    ):
        accuracies("graded", [{"acc": 1.0, "filter": "none"}, {"acc": value, "filter": "none"}])


def test_numbers_of_numpy_count() -> None:
    assert accuracies("t", [{"acc": np.float64(0.5)}, {"acc": np.bool_(True)}, {"acc": True}]) == [0.5, 1.0, 1.0]


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """lm-eval's kinds of entries; its own index takes seconds to read."""
    choice = {"output_type": "multiple_choice", "metric_list": [{"metric": "acc"}, {"metric": "acc_norm"}]}
    written = {"output_type": "generate_until"}
    entries = {
        "choice": ("TASK", choice, set()), "bare": ("TASK", {"output_type": "multiple_choice"}, set()), "written": ("TASK", written, set()),
        "twice": ("TASK", {**choice, "filter_list": [{"name": "strict"}, {"name": "loose"}]}, set()),
        "matched": ("TASK", {"output_type": "multiple_choice", "metric_list": [{"metric": "exact_match"}]}, set()),
        "coded": ("PY_TASK", {"class": "x"}, set()), "tag": ("TAG", None, {"choice", "bare"}),
        "group": ("GROUP", {"task": ["choice", "tag"]}, set()),
        "mixed": ("GROUP", {"task": ["choice", {"group": "group"}, {"task": "written"}]}, set()),
    }  # fmt: skip
    made = {
        name: SimpleNamespace(kind=SimpleNamespace(name=kind), cfg=config, tags=tags)
        for name, (kind, config, tags) in entries.items()
    }
    monkeypatch.setattr(tasks, "task_manager", lambda names: SimpleNamespace(task_index=made))
    return made


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (
            "written",
            "tasks: written asks for generate_until, which carriers have no form of; name tasks of multiple choice",
        ),
        ("twice", "tasks: twice has the filters strict, loose: its questions would count several times"),
        ("matched", "tasks: matched has no `acc`"),
        ("mixed", "tasks: written of mixed asks for generate_until"),
        ("tag", "tasks: tag is a tag of lm-eval, which has no figure of its own; name its tasks: bare, choice"),
        ("coice", "Did you mean 'choice'"),
    ],
)
def test_what_could_not_be_counted_is_refused_by_its_name_before_training(
    index: dict[str, Any], name: str, told: str
) -> None:
    with pytest.raises(BadInput, match=told):
        check_tasks(["choice", name])


def test_what_can_be_counted_is_let_in(index: dict[str, Any]) -> None:
    check_tasks(["choice", "bare", "group", "coded"])
    assert [name for name, _ in members("group", index)] == ["choice", "bare", "choice"]


@pytest.mark.slow
def test_lm_evals_own_index_is_read_as_it_is() -> None:
    """The paper's tasks are let in, with every task of mmlu; others are told by what they are."""
    check_tasks(["wmdp_bio", "wmdp_cyber", "mmlu", "truthfulqa_mc2"])
    known = tasks.task_manager(("mmlu", "truthfulqa_mc2")).task_index
    assert len(list(members("mmlu", known))) == 57
    assert unfit(known["truthfulqa_mc2"].cfg) is None
    for name, told in (
        ("gsm8k", "asks for generate_until"),
        ("wikitext", "asks for loglikelihood_rolling"),
        ("ai2_arc", "is a tag"),
    ):
        with pytest.raises(BadInput, match=f"tasks: {name} {told}"):
            check_tasks([name])
