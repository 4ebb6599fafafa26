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
    with pytest.raises(
        BadInput, match=r"eval_log\.json: its fields have different indices \(.*rougeL_recall 0 to 0, 1 values\)"
    ):
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


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("avg_gt_loss", {"0": 0.1, "00": 0.2}, r"got the index '00', expected whole numbers"),
        ("avg_gt_loss", {"0": 0.1, "²": 0.2}, r"got the index '²', expected whole numbers"),
        ("avg_gt_loss", {"0": 0.1, "-1": 0.2}, r"got the index '-1', expected whole numbers"),
        ("avg_gt_loss", {"0": 0.1, "2": 0.2}, r"different indices \(avg_gt_loss 0 to 2, 2 values, avg_paraphrased_loss 0 to 1"),
        ("avg_gt_loss", [True, 0.2], r"avg_gt_loss\[0\]: got true, expected a finite number"),
        ("avg_gt_loss", [[0.1], 0.2], r"avg_gt_loss\[0\]: got \[0\.1\], expected a finite number"),
        ("avg_gt_loss", [-0.1, 0.2], r"avg_gt_loss\[0\]: got -0\.1, expected at least 0"),
        ("avg_gt_loss", [10**400, 0.2], r"avg_gt_loss\[0\]: got 10+, expected a finite number"),
        ("avg_paraphrased_loss", [float("inf"), 0.2], r"avg_paraphrased_loss\[0\]: got Infinity, expected a finite number"),
        ("average_perturb_loss", [[1.0, None], [1.0, 2.0]], r"average_perturb_loss\[0\]\[1\]: got null, expected a finite"),
        ("average_perturb_loss", [[1.0, [2.0]], [1.0, 2.0]], r"average_perturb_loss\[0\]\[1\]: got \[2\.0\], expected a finite"),
        ("average_perturb_loss", [[1.0, 2.0], []], r"average_perturb_loss\[1\]: got \[\], expected a list of losses"),
        ("average_perturb_loss", [[1.0, 2.0], [1.0]], r"question 1 has 1 wrong answers, the first 2"),
        ("rougeL_recall", [-0.1, 0.2], r"rougeL_recall\[0\]: got -0\.1, expected a share from 0 to 1"),
        ("rougeL_recall", None, r"rougeL_recall: got null, expected values by their index"),
    ],
)  # fmt: skip
def test_more_values_that_are_none_of_their_field(field: str, value, message: str) -> None:
    log = small_log()
    log["eval_log_forget.json"] = {**log["eval_log_forget.json"], field: value}
    with pytest.raises(BadInput, match=r"log log: eval_log_forget\.json: .*" + message):
        scores_of(log, "log")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not JSON"),
        (b"\x1f\x8b\x08\x00", "not UTF-8"),
        (b"[]", "got list, expected an object: TOFU's eval_log_aggregated"),
        (b"3", "got int, expected an object"),
        (b"null", "got NoneType, expected an object"),
        (b"{}", "eval_log_forget.json lacks"),
        (b'{"a": 1, "a": 2}', "key 'a' stands twice"),
        (b'{"a": ' + b"9" * 5000 + b"}", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
    ],
)
def test_a_file_that_is_no_log_is_told_in_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "log.json"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=message) as caught:
        score_log(path, None)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@needs_shared
def test_every_log_that_goes_wrong_is_refused_or_scored() -> None:
    """../shared/cases/log_*: what is expected of each stands in its README."""
    cases = SHARED / "cases"
    found = {}
    for path in sorted(cases.glob("log_*/*.json")):
        try:
            found[path.parent.name] = score_log(path, cases / "log_retain.json")
        except BadInput as error:
            found[path.parent.name] = str(error)
    scored = found.pop("log_open_unlearning")
    assert (scored["forget_truth_ratio"], scored["model_utility"]) == (0.5, 0.6)
    assert found
    for name, said in found.items():
        assert isinstance(said, str), name
        assert name == "log_root_is_list" or "eval_log" in said, said
    assert score_log(cases / "log_ok.json", None)["model_utility"] == pytest.approx(0.4968, abs=1e-4)
