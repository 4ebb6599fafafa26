"""grunflow rehearse on a small study that reads everything from a hub that is not there: to the report, without a result."""

import json
from pathlib import Path

import pytest
import yaml

from tests.workflow import small_study
from tests.workflow.small_study import BIN, call

pytestmark = pytest.mark.slow
TRAINING = {"learning_rate": 1e-3, "epochs": 3, "batch_size": 4}
SHEET = {
    "far": {
        "architecture": {"hidden_size": 4096, "layers": 3, "heads": 32, "kv_heads": 8, "vocabulary": 32000},
        "repo": "mistralai/Far-7B", "target": TRAINING,
    }
}  # fmt: skip
STUDY = {
    "study": "far", "title": "Far", "models_sheet": "config/models.yaml",
    "benchmarks": {"tofu": {"forget_split": "forget01"}},
    "seeds": [{"target_seed": 0, "unlearn_seed": 0}, {"target_seed": 1, "unlearn_seed": 1}],
    "grid": [{"benchmark": "tofu", "model": "far", "objectives": ["gd", "npo"], "carriers": ["grun"]}],
    "objectives": {"gd": {}, "npo": {}},
    "carriers": {"grun": {"rank": 2, "layers": [1, 2], "gate": "mlp_3", "gate_weight": 1}},
    "training": {"grun": TRAINING}, "snapshots": {"count": 0},
    "claims": "claims.yaml", "published": ["published.csv"],
}  # fmt: skip


def made(folder: Path) -> Path:
    work = small_study.write(small_study.copy(folder), STUDY)
    (work / "config/models.yaml").write_text(yaml.safe_dump(SHEET))
    for name, path in (("claims.yaml", "claims.yaml"), ("published.csv", "published/open_unlearning.csv")):
        (work / name).write_text((small_study.ROOT / "config" / path).read_text())
    return work


def test_a_study_of_the_hub_is_rehearsed_without_one(tmp_path: Path) -> None:
    work = made(tmp_path / "work")
    command = [BIN / "grunflow", "rehearse", "--configfile", "study.yaml", "--", "--cores", "1"]
    done = call(work, *command, HF_HOME=str(tmp_path / "empty"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "model mistralai/Far-7B: 3 blocks" in done.stdout
    assert "data set locuslab/TOFU: made-up rows" in done.stdout
    results = work / "results" / "rehearsal_far"
    rows = (results / "tables" / "tofu_main.csv").read_text().splitlines()[1:]
    assert len(rows) == 4  # target, retain, GD and NPO, of one seed
    page = (results / "report.html").read_text()
    assert "Rehearsal, no result: random narrow models, made-up texts, trainings of 2 steps, one seed" in page
    claims = json.loads((results / "claims.json").read_text())
    assert {row["verdict"] for row in claims} == {"not testable here"}
    assert {row["effect"] for row in claims} == {None}
    verified = call(work, BIN / "grunflow", "verify", "results/rehearsal_far")
    assert verified.returncode == 0, verified.stderr
    again = call(work, *command, HF_HOME=str(tmp_path / "empty"))
    assert "Nothing to be done" in again.stdout + again.stderr
    refused = call(work, BIN / "grunflow", "rehearse", "--configfile", results / "study.yaml")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "is a rehearsal itself; give the study's own config" in refused.stderr
