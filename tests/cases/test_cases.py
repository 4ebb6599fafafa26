"""Inputs that go wrong, of `../shared/cases`: each gives what its README expects; their siblings are in test_siblings.py."""

import copy
import json
import math
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from grunflow.benchmarks.base import declared
from grunflow.benchmarks.tofu import published
from grunflow.benchmarks.tofu.keys import Keys
from grunflow.config.benchmarks import BenchmarkSpec
from grunflow.config.published import names_of, read_sheets
from grunflow.config.reading import read_study
from grunflow.config.sets import Source
from grunflow.data.refusals import read_refusal_lines
from grunflow.data.sources import read_questions, read_texts
from grunflow.errors import BadInput
from tests.cases import test_lm_eval, test_models, test_rmu, test_rouge, test_slurm
from tests.shared import SHARED
from tests.workflow.small_study import write_benchmark

ROOT = Path(__file__).parents[2]
CASES = SHARED / "cases"
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason=f"no folder {CASES}")

# Cases that need a model, a task of lm-eval or a cluster: the test of this folder that runs them.
ELSEWHERE: dict[str, Callable[..., None]] = {
    "lm_eval_graded_acc": test_lm_eval.test_a_mass_of_probability_is_averaged_as_it_is,
    "model_generation_config": test_models.test_a_models_own_generation_config_changes_no_answer_and_stops_no_stage,
    "model_neox_full_restore": test_models.test_a_model_that_is_saved_under_other_names_trains_is_restored_and_scored,
    "model_pad_beyond_embedding": test_models.test_padding_beyond_the_embeddings_is_read_by_no_stage,
    "model_unsupported_late": test_models.test_qwen3_runs_on_every_carrier_and_what_is_not_known_is_refused_from_its_folder,
    "rmu_labels_short_text": test_rmu.test_one_token_texts_are_named_where_rmu_reads_what_follows_the_edit,
    "rouge_non_latin": test_rouge.test_an_evaluation_of_such_answers_writes_no_scores,
    "slurm_preflight_time_memory": test_slurm.test_time_and_memory_beyond_the_partition_are_named,
}


def demo(**changes: Any) -> None:
    read_study(copy.deepcopy(yaml.safe_load((ROOT / "config" / "demo.yaml").read_text())) | changes)


def of(name: str) -> Any:
    return yaml.safe_load((ROOT / "config" / "demo.yaml").read_text())[name]


def grun(**keys: Any) -> Callable[[], None]:
    return lambda: demo(carriers=of("carriers") | {"grun": of("carriers")["grun"] | keys})


def objective(name: str, **keys: Any) -> Callable[[], None]:
    return lambda: demo(objectives=of("objectives") | {name: keys})


def texts(file: str) -> Callable[[], Any]:
    return lambda: read_texts(Source(file=str(CASES / file)), "sources.forget.glass")


def questions(file: str) -> Callable[[], Any]:
    return lambda: read_questions(Source(file=str(CASES / file)), "sources.questions.glass")


def ledger(file: str) -> Callable[[], Any]:
    tofu = declared(BenchmarkSpec(name="tofu", kind="tofu", keys={"world": {}}))
    return lambda: read_sheets([str(CASES / file)], names_of([tofu]))


def typo() -> None:
    demo(overrides=[{"where": {"objective": "npo", "carrier": "lorra"}, "training": {"steps": 3}}])


# Case -> what is called, and the one line that it is told.
REFUSED = [
    ("config_layers_empty", grun(layers=[]), r"carriers\.grun .*\.layers: got \[\], expected"),
    ("config_override_matches_nothing", typo, r"config\.overrides\[0\]\.where\.carrier: Unknown carrier 'lorra'"),
    ("config_values_siblings", grun(layers=[1, 1, 2]), r"layers: got \[1, 1, 2\], expected different"),
    ("config_values_siblings", objective("npo", beta=math.inf), r"npo .*\.beta: got inf"),
    ("config_values_siblings", objective("gd", forget_weight=0, retain_weight=0), r"are all 0: nothing would be"),
    ("config_values_siblings", lambda: demo(seeds=[{"target_seed": 2**64, "unlearn_seed": 0}]), r"seeds\[0\]\.target"),
    ("ledger_values", ledger("ledger_values/led_nan.csv"), r"led_nan\.csv line \d+"),
    *(("ledger_values_siblings", ledger(f"ledger_values_siblings/led_{name}.csv"), rf"led_{name}\.csv line \d+")
      for name in ("inf", "61_fraction", "pneg", "typo_metric", "underscore")),
    ("mcq_answer_letter", questions("mcq_answer_letter/mcq_oneBased4.jsonl"), r"line 1\.answer: got 4, expected a number"),
    ("refusals_empty_or_bom", lambda: read_refusal_lines(str(CASES / "refusals_empty_or_bom/ref_empty.txt"), "refusals"),
     r"refusals: .*ref_empty\.txt holds no sentence"),
    ("src_latin1", texts("src_latin1/latin1.jsonl"), r"latin1\.jsonl line 1: not UTF-8 \(byte 0xfc\)"),
    ("src_list_text", texts("src_list_text/list_text.jsonl"), r"list_text\.jsonl line \d+\.text: got list"),
    ("src_lone_surrogate", texts("src_lone_surrogate/surrogate.jsonl"), r"line \d+\.text: half of a surrogate pair"),
    ("src_null_text", texts("src_null_text/null_text.jsonl"), r"null_text\.jsonl line \d+\.text: got NoneType"),
    ("src_null_text", texts("src_null_text/late_missing.jsonl"), r"late_missing\.jsonl line \d+: no key 'text'"),
    ("src_truncated_last_line", texts("src_truncated_last_line/truncated.jsonl"), r"line \d+: not JSON"),
]  # fmt: skip


@pytest.mark.parametrize(("case", "call", "message"), REFUSED, ids=[f"{at}-{row[0]}" for at, row in enumerate(REFUSED)])
def test_a_case_is_refused_in_one_line(
    case: str, call: Callable[[], Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    with pytest.raises(BadInput, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


READ = [
    ("src_bom", texts("src_bom/bom.jsonl"), "text"),
    ("src_json_array", texts("src_json_array/array.json"), "text"),
    ("src_question_answer", texts("src_question_answer/qa.jsonl"), "question"),
    ("mcq_json_array", questions("mcq_json_array/questions.json"), "question"),
    ("mcq_answer_letter", questions("mcq_answer_letter/mcq_letter.jsonl"), "question"),
]


@pytest.mark.parametrize(("case", "call", "key"), READ, ids=[row[0] for row in READ])
def test_a_case_is_read(case: str, call: Callable[[], Any], key: str) -> None:
    """No markup and no byte-order mark becomes a text."""
    rows = call()
    assert rows
    assert not any(re.match(r"\s*[\ufeff\[\]{}]", row[key]) for row in rows)


def test_a_letter_is_its_index() -> None:
    assert questions("mcq_answer_letter/mcq_letter.jsonl")()[0]["answer"] == 1


def test_a_byte_order_mark_is_no_part_of_a_refusal() -> None:
    for path in sorted((CASES / "refusals_empty_or_bom").glob("*.txt")):
        if path.stem != "ref_empty":
            assert not read_refusal_lines(str(path), "refusals")[0].startswith("\ufeff")


def test_wrong_answers_are_a_list(tmp_path: Path) -> None:
    write_benchmark(tmp_path)
    path = tmp_path / "forget01_perturbed.json"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows[2]["perturbed_answer"] = "Nobody."
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(
        BadInput, match=r"forget01_perturbed line 3\.perturbed_answer: got \"Nobody\.\", expected a list"
    ):
        published.load(Keys(folder=str(tmp_path)))


LOGS = sorted(path for path in CASES.glob("log_*/*.json")) if CASES.is_dir() else []


@pytest.mark.parametrize("log", LOGS, ids=[path.parent.name for path in LOGS])
def test_a_log_is_scored_or_refused_in_one_line(log: Path) -> None:
    """By the command itself: status 2 and one line; the other form of log is scored."""
    command = [sys.executable, "-m", "grunflow.cli", "score-log", str(log), "--retain", str(CASES / "log_retain.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if log.parent.name == "log_open_unlearning":
        assert done.returncode == 0, done.stderr
        return
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "Traceback" not in done.stderr


def test_every_case_is_run_in_this_folder() -> None:
    """A test that is gone or renamed fails the import above."""
    here = {row[0] for row in (*REFUSED, *READ)} | {path.parent.name for path in LOGS} | {"tofu_perturbed_string"}
    assert here | set(ELSEWHERE) == {path.name for path in CASES.iterdir() if path.is_dir()}
    assert not here & set(ELSEWHERE)
