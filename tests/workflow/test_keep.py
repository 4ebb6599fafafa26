"""`keep`: what a study does not keep goes once it is scored, and is trained again only to be scored again."""

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.workflow.small_study import BIN, call, planned, set_keys, snakemake
from tests.workflow.test_cache import clone
from tests.workflow.test_reruns import TOFU_SCORES, source

pytestmark = pytest.mark.slow
STUDY = Path("results") / "small"


def why(folder: Path) -> Counter[str]:
    done = call(folder, BIN / "grunflow", "why", "--configfile", "study.yaml", "--json")
    assert done.returncode == 0, done.stderr
    return Counter(item["rule"] for item in json.loads(done.stdout))


def test_weights_of_full_carriers_go_once_scored_and_adapters_stay(cached: tuple[Path, Path], tmp_path: Path) -> None:
    folder, cache = clone(cached[0], tmp_path / "clone"), tmp_path / "cache"
    shutil.copytree(cached[1], cache)
    training = {"learning_rate": 1e-3, "steps": 3, "batch_size": 4}
    set_keys(
        folder / "study.yaml",
        {"keep": "adapters", "grid__0__carriers": ["full", "grun"], "carriers__full": {}, "training__full": training},
    )
    done = snakemake(folder, "--cache", SNAKEMAKE_OUTPUT_CACHE=str(cache))
    assert done.returncode == 0, done.stdout + done.stderr
    runs = folder / STUDY / "runs"
    full, grun = (runs / "mini" / "forget01" / f"gd_{name}_t0_u0" for name in ("full", "grun"))
    assert not (folder / STUDY / "carriers" / full.relative_to(runs)).exists()
    assert {path.name for path in full.iterdir()} >= {"manifest.json", "snapshots.parquet"}
    assert not (full / "carrier").exists()
    assert (grun / "carrier" / "interventions.safetensors").is_file()
    assert planned(folder) == why(folder) == {}
    verified = call(folder, BIN / "grunflow", "verify", STUDY)
    assert (verified.returncode, verified.stderr) == (0, "")
    assert "1 inputs are gone" in verified.stdout
    source("evaluation/rouge.py", "True", "False")(folder)
    expected = {"unlearn_passing": 1, "evaluate": 4, **TOFU_SCORES, "aggregate_wmdp": 1}
    assert planned(folder) == why(folder) == expected
