"""Published TOFU evaluation logs. Real ones: the folder of logs beside the fixtures; without it that test skips."""

import csv
import json
import math
from pathlib import Path

import pytest

from grunflow.benchmarks.tofu.logs import FIELDS, SECTIONS, read_log, score_log, scores_of
from grunflow.errors import BadInput
from tests.shared import SHARED, needs_shared

LOGS = SHARED / "tofu_logs"


@needs_shared
def test_released_logs_give_what_tofus_own_formulas_give() -> None:
    scored = {}
    rows = list(csv.DictReader((LOGS / "expected.csv").read_text().splitlines()))
    assert rows
    for row in rows:
        key = (row["log"], row["retain_log"])
        if key not in scored:
            retain = LOGS / f"{key[1]}.json" if key[1] else None
            scored[key] = score_log(LOGS / f"{key[0]}.json", retain)
        relative = 1e-6 if row["metric"] == "forget_quality" else 1e-9
        got, want = scored[key][row["metric"]], float(row["value"])
        assert math.isclose(got, want, rel_tol=relative, abs_tol=0), row


def small_log(as_dict: bool = False) -> dict:
    values = {"avg_gt_loss": [0.5, 1.0], "avg_paraphrased_loss": [1.0, 1.0], "rougeL_recall": [0.2, 0.4],
              "average_perturb_loss": [[2.0, 4.0], [3.0, 3.0]]}  # fmt: skip
    assert set(values) == set(FIELDS)
    if as_dict:  # in another order than the index
        values = {field: {"1": rows[1], "0": rows[0]} for field, rows in values.items()}
    return {section: values for section in SECTIONS}


def test_lists_and_dicts_by_index_are_one(tmp_path: Path) -> None:
    for name, as_dict in (("list", False), ("dict", True)):
        (tmp_path / name).write_text(json.dumps(small_log(as_dict)))
    assert read_log(tmp_path / "list").equals(read_log(tmp_path / "dict"))
    found = score_log(tmp_path / "dict", tmp_path / "list")
    assert found["forget_truth_ratio"] == pytest.approx(math.exp(-2))
    assert found["forget_rougeL"] == pytest.approx(0.3)
    assert found["forget_quality"] == 1
    assert found["n_retain"] == 2


def test_a_bad_log_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot read it: No such file"):
        read_log(tmp_path / "absent.json")
    (tmp_path / "text.json").write_text("hello")
    with pytest.raises(BadInput, match="is not JSON"):
        read_log(tmp_path / "text.json")
    log = small_log()
    log["eval_log.json"] = {**log["eval_log.json"], "rougeL_recall": [0.1]}
    (tmp_path / "cut.json").write_text(json.dumps(log))
    with pytest.raises(BadInput, match=r"eval_log\.json: its fields have different indices \(.*rougeL_recall 0 to 0\)"):
        read_log(tmp_path / "cut.json")
    (tmp_path / "poor.json").write_text(json.dumps({"eval_log.json": {}}))
    with pytest.raises(BadInput, match="lacks"):
        read_log(tmp_path / "poor.json")


@pytest.mark.parametrize(
    ("section", "field", "value", "message"),
    [
        ("eval_log.json", "avg_gt_loss", {}, r"eval_log\.json: avg_gt_loss: got \{\}, expected values by their index"),
        ("eval_log.json", "avg_gt_loss", [0.1, None], r"avg_gt_loss\[1\]: got null, expected a finite number"),
        ("eval_log.json", "avg_gt_loss", ["0.1", 0.2], r"avg_gt_loss\[0\]: got \"0\.1\", expected a finite number"),
        ("eval_log.json", "avg_gt_loss", [float("nan"), 0.2], r"avg_gt_loss\[0\]: got NaN, expected a finite number"),
        ("eval_log.json", "avg_gt_loss", {"q0": 0.1, "q1": 0.2}, r"got the index 'q0', expected whole numbers"),
        ("eval_log.json", "avg_gt_loss", {"1": 0.1, "2": 0.2}, r"different indices \(avg_gt_loss 1 to 2,"),
        (
            "eval_log_forget.json",
            "average_perturb_loss",
            [1.0, 2.0],
            r"average_perturb_loss\[0\]: got 1\.0, expected a list",
        ),
        (
            "eval_log_forget.json",
            "rougeL_recall",
            [38.1, 0.2],
            r"rougeL_recall\[0\]: got 38\.1, expected a share from 0 to 1",
        ),
    ],
)
def test_a_value_that_is_none_of_its_field_is_named(section: str, field: str, value, message: str) -> None:
    log = small_log()
    log[section] = {**log[section], field: value}
    with pytest.raises(BadInput, match=message):
        scores_of(log, "log")


def test_another_form_is_told(tmp_path: Path) -> None:
    for content, message in (
        ([], "got list, expected an object"),
        ({"forget_truth_ratio": {}}, "open-unlearning's TOFU_EVAL"),
    ):
        (tmp_path / "log.json").write_text(json.dumps(content))
        with pytest.raises(BadInput, match=message):
            read_log(tmp_path / "log.json")
