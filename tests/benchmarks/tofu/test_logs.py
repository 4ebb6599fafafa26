"""Published TOFU evaluation logs. Real ones: the folder of logs beside the fixtures; without it that test skips."""

import csv
import json
import math
from pathlib import Path

import pytest

from grunflow.benchmarks.tofu.logs import FIELDS, SECTIONS, read_log, score_log
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
    with pytest.raises(BadInput, match="does not exist"):
        read_log(tmp_path / "absent.json")
    (tmp_path / "text.json").write_text("hello")
    with pytest.raises(BadInput, match="is not JSON"):
        read_log(tmp_path / "text.json")
    log = small_log()
    log["eval_log.json"] = {**log["eval_log.json"], "rougeL_recall": [0.1]}
    (tmp_path / "cut.json").write_text(json.dumps(log))
    with pytest.raises(BadInput, match=r"eval_log.json differ in length"):
        read_log(tmp_path / "cut.json")
    (tmp_path / "poor.json").write_text(json.dumps({"eval_log.json": {}}))
    with pytest.raises(BadInput, match="lacks"):
        read_log(tmp_path / "poor.json")
