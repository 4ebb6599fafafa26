"""A study of which a method diverges: what it says, what stands there meanwhile, and how it goes on without the runs."""

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.workflow.small_study import BIN, GRUN, ROOT, TRAINING, call, copy, planned, set_keys, snakemake, why, write
from tests.workflow.test_studies import SEEDS, rows

pytestmark = pytest.mark.slow
DIVERGES = {"where": {"objective": "npo", "carrier": "full"}, "objective": {"forget_weight": 3e38}}
WORLD = {"authors": 10, "background_authors": 1, "holdout_authors": 1, "facts": 8}
RUN = "mini/forget10/npo_full_t0_u"


def study(folder: Path) -> Path:
    folder.mkdir()
    keys = {
        "study": "small", "title": "Small", "models_sheet": "config/models.yaml", "max_new_tokens": 2, "vocabulary": 300,
        "benchmarks": {"tofu": {"world": WORLD}}, "seeds": SEEDS, "carriers": {"grun": GRUN},
        "training": {"grun": TRAINING, "full": TRAINING}, "snapshots": {"count": 1, "questions": 2},
        "grid": [
            {"benchmark": "tofu", "model": "mini", "objectives": objectives, "carriers": carriers}
            for objectives, carriers in ((["gd"], ["full", "grun"]), (["npo"], ["full"]))
        ],
        "overrides": [DIVERGES], "claims": "claims.yaml",
    }  # fmt: skip
    (folder / "claims.yaml").write_text((ROOT / "config" / "claims.yaml").read_text())
    return write(copy(folder), keys)


def verdict(results: Path, name: str) -> tuple[str, str]:
    found = {row["id"]: row for row in json.loads((results / "claims.json").read_text())}
    return found[name]["verdict"], found[name]["reason"]


def test_one_diverged_method_blocks_nothing_else(tmp_path: Path) -> None:
    folder = study(tmp_path / "study")
    results = folder / "results" / "small"
    done = snakemake(folder, "--keep-going")
    assert done.returncode != 0
    logs = [(results / "logs" / "tofu" / "runs" / f"{RUN}{seed}.log").read_text() for seed in (0, 1)]
    lines = [re.search(r"failed: (\{.*\})$", log.strip()) for log in logs]
    assert all(lines), logs
    assert not (results / "tables").exists()

    partial = call(folder, BIN / "grunflow", "tables", "--partial", "--configfile", "study.yaml")
    assert partial.returncode == 0, partial.stderr
    assert f"missing    tofu/runs/{RUN}0" in partial.stdout
    found = {(row["objective"], row["carrier"]): row for row in rows(results / "partial", "tofu_main")}
    assert (found["npo", "full"]["seeds"], found["npo", "full"]["reason"]) == ("0", "missing")
    assert found["gd", "full"]["seeds"] == "2"
    assert "Small (part of it)" in (results / "partial" / "report.html").read_text()
    assert verdict(results / "partial", "small/keeps_utility/mini/npo/full")[1].endswith("missing")
    assert not (results / "tables").exists()

    failed = yaml.safe_load(lines[0][1]) | yaml.safe_load(lines[1][1])  # as the logs say
    assert set(failed.values()) == {"diverged"}
    set_keys(folder / "study.yaml", {"failed": {**failed, f"{RUN}0".replace("npo", "gd"): "set aside"}})
    assert planned(folder) == why(folder) == {"aggregate": 1, "tables": 1, "figures": 1, "claims": 1, "report": 1}
    done = snakemake(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert planned(folder) == why(folder) == {}
    found = {(row["objective"], row["carrier"]): row for row in rows(results, "tofu_main")}
    assert (found["npo", "full"]["seeds"], found["npo", "full"]["reason"]) == ("0", "diverged")
    assert (found["gd", "full"]["seeds"], found["gd", "full"]["reason"]) == ("1", "1 of 2 seeds (t0 u0: set aside)")
    assert (found["gd", "grun"]["seeds"], found["gd", "grun"]["reason"]) == ("2", "")
    assert verdict(results, "small/keeps_utility/mini/npo/full") == (
        "not testable here", "Without result: mini npo full (t0 u0; t0 u1): diverged",
    )  # fmt: skip
    assert "mini npo full" in (results / "report.html").read_text()
    assert {path.stem for path in (results / "tables").glob("*.csv")} >= {"tofu_main", "tofu_differences", "efficiency"}
    again = call(folder, BIN / "python", ROOT / "tests" / "recompute.py", "results/small")
    assert again.returncode == 0, again.stdout + again.stderr
    verified = call(folder, BIN / "grunflow", "verify", "results/small", "--configfile", "study.yaml")
    assert (verified.returncode, verified.stderr) == (0, "")
