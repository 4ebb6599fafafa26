"""Question-answer pairs of the user's own run to the report, and what could not be measured is named everywhere."""

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.benchmarks.qa_pairs.folders import WRONG, folder_of, pairs
from tests.workflow.small_study import GRUN, ROOT, TRAINING, copy, planned, snakemake, why
from tests.workflow.test_studies import drawn, finished, rows

pytestmark = pytest.mark.slow
LEFT_OUT = (
    "ROUGE-L on keep (2 of 7 answers in a script that it cannot read, the first in keep.csv line 5)",
    "Truth Ratio on keep (perturbed_answer in 0 of 7 rows of keep.csv)",
    "Model Utility (it takes ROUGE-L, Probability and Truth Ratio on keep and on world; Utility stands in its place)",
    "membership attacks and PrivLeak (no holdout file)",
)


def test_the_shipped_folder_runs_to_the_report(tmp_path: Path) -> None:
    """Twelve pairs: JSON lines and a spreadsheet's CSV, both with CRLF, Chinese and emoji among them."""
    own = ROOT / "config" / "your_data"
    assert all(b"\r\n" in (own / name).read_bytes() for name in ("forget.jsonl", "keep.csv"))
    folder = copy(tmp_path / "study")
    (folder / "config").symlink_to(ROOT / "config")
    study = yaml.safe_load((ROOT / "config" / "your_data.yaml").read_text())
    beside = {"claims": "config/claims.yaml", "published": ["config/published/open_unlearning.csv"]}
    (folder / "study.yaml").write_text(yaml.safe_dump(study | beside))
    done = snakemake(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert planned(folder) == why(folder) == {}
    results = folder / "results" / "your_data"
    found = {(row["objective"], row["carrier"]): row for row in rows(results, "mine_main")}
    assert len(found) == 2 + 4
    # What was learnt is known by the target model alone, whatever the script; nothing that could not be read counts as wrong.
    target, retain = found["target", ""], found["retain", ""]
    assert float(target["forget_probability"]) > 0.5 > float(retain["forget_probability"])
    assert float(target["forget_rougeL"]) > float(retain["forget_rougeL"])
    assert float(target["keep_probability"]) > 0.5
    assert {"utility", "forget_truth_ratio", "forget_quality", "keep_gate"} <= target.keys()
    assert not {"keep_rougeL", "keep_truth_ratio", "model_utility", "privleak"} & target.keys()
    tables = (results / "tables" / "mine_main.md").read_text()
    page = (results / "report.html").read_text().replace("&#39;", "'")
    assert all(text in place for text in LEFT_OUT for place in (tables, page, done.stderr))
    assert "她最喜欢青色。" in page
    assert {"forget_utility", "truth_ratios", "gate_activations", "forgetting_paths"} <= drawn(results)
    # The paper's claims and others' numbers are about other questions.
    claims = json.loads((results / "claims.json").read_text())
    assert {row["verdict"] for row in claims} == {"not testable here"}
    assert {row["ours"] for row in rows(results, "published")} == {""}


def test_all_that_a_folder_may_hold_and_a_model_that_knows_it(tmp_path: Path) -> None:
    files = {name: pairs(name, 4, perturbed_answer=WRONG, paraphrased_answer="By Ada.", paraphrased_question=f"Whose is {name}?")
             for name in ("forget", "keep", "world", "holdout")}  # fmt: skip
    results = finished(
        tmp_path / "study",
        benchmarks={"mine": {"kind": "qa_pairs", "folder": str(folder_of(tmp_path / "mine", **files)), "start": "base", "questions": 3}},
        grid=[{"benchmark": "mine", "model": "mini", "objectives": ["idk"], "carriers": ["grun"]}],
        objectives={}, carriers={"grun": GRUN}, training={"grun": TRAINING},
    )  # fmt: skip
    found = {(row["objective"], row["carrier"]): row for row in rows(results, "mine_main")}
    assert found.keys() == {("base", ""), ("idk", "grun")}
    for row in found.values():
        assert {row[f"{name}_questions"] for name in ("forget", "keep", "world")} == {"3"}
        for name in ("model_utility", "mia_min_k", "world_truth_ratio", "world_probability", "keep_rougeL"):
            assert 0 <= float(row[name]) <= 1
    caption = (results / "tables" / "mine_main.md").read_text()
    left = re.search(r"Left out: (.*?)\. ", caption)
    assert left is not None
    why_not = "no retain model, as start is base"
    assert left[1] == f"KS and Forget Quality ({why_not}); PrivLeak ({why_not})"
    assert "truth_ratios" not in drawn(results)
