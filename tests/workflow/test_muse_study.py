"""A study of MUSE alone, on a made-up News and a model from a folder, runs whole and has nothing left to do."""

from pathlib import Path

import pytest
import yaml

from tests.benchmarks.made_up_news import write_model, write_news
from tests.workflow.small_study import SHAPE, TRAINING
from tests.workflow.test_studies import drawn, finished, rows

pytestmark = pytest.mark.slow
SETS = ("verbmem_f", "knowmem_f", "knowmem_r")


def test_muse_alone_is_a_study(tmp_path: Path) -> None:
    model = write_model(tmp_path / "model")
    target = {"learning_rate": 1e-2, "steps": 60, "batch_size": 4}
    sheet = {"tiny-lm": {"architecture": SHAPE, "repo": str(model), "target": target}}
    (tmp_path / "sheet.yaml").write_text(yaml.safe_dump(sheet))
    results = finished(
        tmp_path / "study",
        models_sheet=str(tmp_path / "sheet.yaml"),
        benchmarks={
            "muse": {"folder": str(write_news(tmp_path / "news")), "characters": 60, "texts": {"max_tokens": 64}}
        },
        grid=[{"benchmark": "muse", "model": "tiny-lm", "objectives": ["npo"], "carriers": ["full", "grun"]}],
        objectives={},
        training={"full": TRAINING, "grun": TRAINING},
    )
    assert [path.name for path in results.iterdir() if (path / "runs").is_dir()] == ["muse"]
    found = {(row["objective"], row["carrier"]): row for row in rows(results, "muse_main")}
    assert set(found) == {("target", ""), ("retain", ""), *((o, c) for o in ("npo",) for c in ("full", "grun"))}
    for row in found.values():
        assert all(0 <= float(row[f"{name}_rougeL"]) <= 1 for name in SETS)
        assert float(row["privleak"]) >= -100
        assert float(row["privleak_off"]) >= abs(float(row["privleak"]))  # a mean of sizes
    assert float(found["retain", ""]["privleak"]) == 0
    # What was read is recited and stands out, what was not is neither.
    assert float(found["target", ""]["verbmem_f_rougeL"]) > float(found["retain", ""]["verbmem_f_rougeL"])
    assert float(found["target", ""]["privleak"]) < -20
    assert float(found["npo", "grun"]["knowmem_f_gate"]) > 0
    assert {"forget_utility", "forgetting_paths", "cost_quality", "gate_activations", "training_curves"} <= drawn(
        results
    )
    page = (results / "report.html").read_text()
    assert "MUSE News" in page
    assert not [other for other in ("TOFU", "WMDP") if other in page]
