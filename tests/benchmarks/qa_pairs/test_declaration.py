"""Which metrics and references a folder of pairs has, and what it says is missing."""

import json
from pathlib import Path

import pytest

from grunflow.benchmarks.base import BASE, RETAIN, TARGET, forgetting
from grunflow.benchmarks.loading import prepare
from grunflow.benchmarks.qa_pairs.declaration import declare
from grunflow.benchmarks.qa_pairs.keys import Keys
from grunflow.benchmarks.tofu.metrics import METRICS
from grunflow.config.benchmarks import BenchmarkSpec
from grunflow.data.records import read_rows
from grunflow.reporting.columns import utility
from tests.benchmarks.qa_pairs.folders import WRONG, folder_of, pairs

WHOLE = {
    name: pairs(name, perturbed_answer=WRONG, paraphrased_answer="By Ada.")
    for name in ("forget", "keep", "world", "holdout")
}


def test_a_whole_folder_has_all_of_tofus_metrics_and_nothing_missing(tmp_path: Path) -> None:
    found = declare(Keys(folder=str(folder_of(tmp_path, **WHOLE))))
    assert [metric.name for metric in found.metrics] == [metric.name for metric in METRICS]
    assert (found.left_out, found.note) == ((), "")
    assert (found.start, found.references) == (TARGET, (TARGET, RETAIN))
    assert found.training[RETAIN].files == ("sets/keep.jsonl",)
    assert found.training[TARGET].files == ("sets/forget.jsonl", "sets/keep.jsonl")


def test_bare_pairs_have_what_needs_no_more(tmp_path: Path) -> None:
    found = declare(Keys(folder=str(folder_of(tmp_path))))
    names = {metric.name for metric in found.metrics}
    assert names == {
        "rougeL",
        "probability",
        "right_within_k",
        "left_within",
        "gate",
        "utility",
        "gate_auroc",
        "forget_exact_memorisation",
        "forget_extraction_strength",
    }
    assert found.note == "Utility: the harmonic mean of ROUGE-L and Prob. on keep"
    starts = ["Truth Ratio on forget (perturbed_answer in 0 of 3 rows of forget.jsonl)", "Truth Ratio on keep (", "Model Utility (",
              "KS and Forget Quality (", "membership attacks and PrivLeak ("]  # fmt: skip
    assert [text.startswith(start) for text, start in zip(found.left_out, starts, strict=True)] == [True] * 5
    assert forgetting(found).name == "probability"
    assert utility(found).name == "utility"


def test_rouge_is_left_out_of_a_set_that_it_cannot_read_whole(tmp_path: Path) -> None:
    keep = [*pairs("keep", 2), {"question": "谁？", "answer": "王明"}]
    found = declare(Keys(folder=str(folder_of(tmp_path, keep=keep))))
    (rouge,) = (metric for metric in found.metrics if metric.name == "rougeL")
    assert rouge.roles == ("forget",)
    assert (
        found.left_out[0]
        == "ROUGE-L on keep (1 of 3 answers in a script that it cannot read, the first in keep.jsonl line 3)"
    )
    assert found.note == "Utility: Prob. on keep"


def test_wrong_answers_to_some_questions_give_no_truth_ratio(tmp_path: Path) -> None:
    forget = pairs("forget", 2, perturbed_answer=WRONG) + pairs("other", 1)
    found = declare(Keys(folder=str(folder_of(tmp_path, forget=forget))))
    assert "Truth Ratio on forget (perturbed_answer in 2 of 3 rows of forget.jsonl)" in found.left_out
    assert not {"truth_ratio", "ks_statistic", "forget_quality"} & {metric.name for metric in found.metrics}


def test_without_a_paraphrase_the_answer_itself_is_taken_and_that_is_said(tmp_path: Path) -> None:
    found = declare(Keys(folder=str(folder_of(tmp_path, forget=pairs("forget", perturbed_answer=WRONG)))))
    assert found.note.startswith("Truth Ratio takes the answer itself where forget has no paraphrased_answer.")
    assert {"truth_ratio", "ks_statistic", "forget_quality"} <= {metric.name for metric in found.metrics}


def test_a_model_that_knows_the_pairs_is_its_own_reference(tmp_path: Path) -> None:
    found = declare(Keys(folder=str(folder_of(tmp_path, **WHOLE)), start="base"))
    assert (found.start, found.references) == (BASE, (BASE,))
    # One from scratch has to be told what it is to know.
    assert set(found.training) == {BASE}
    assert "sets/forget.jsonl" in found.training[BASE].files
    why = "no retain model, as start is base"
    assert found.left_out == (f"KS and Forget Quality ({why})", f"PrivLeak ({why})")
    assert not [metric.name for metric in found.metrics if metric.reference]


def test_fewer_questions_may_be_asked(tmp_path: Path) -> None:
    found = declare(Keys(folder=str(folder_of(tmp_path)), questions=2))
    assert {item.rows for probe in found.probes for item in probe.sets} == {2}


@pytest.mark.parametrize("own", [True, False])
def test_prepared_files_hold_the_pairs_as_they_were_given(tmp_path: Path, own: bool) -> None:
    rows = [{"question": "谁？", "answer": "王明 🦉"}, {"question": "Who?", "answer": "Ada."}]
    folder = folder_of(tmp_path / "mine", forget_csv=rows)
    if own:
        (folder / "refusals.txt").write_text("我不知道。\n")
    measured = prepare(
        BenchmarkSpec(name="mine", kind="qa_pairs", keys={"folder": str(folder)}), 300, tmp_path / "data"
    )
    assert measured["rows"] == {"forget": 2, "keep": 3}
    assert read_rows(tmp_path / "data" / "sets" / "forget.jsonl") == rows
    refusals = json.loads((tmp_path / "data" / "refusals.json").read_text())
    assert refusals == ["我不知道。"] if own else len(refusals) == 100
    assert (tmp_path / "data" / "tokenizer" / "tokenizer.json").is_file()
