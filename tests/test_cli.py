"""The command line as a user meets it: statuses, one-line errors, nothing half-written."""

import json
import subprocess
import sys
from pathlib import Path

from grunflow import __version__
from grunflow.config.digest import stage_digest
from grunflow.config.specs import Prepare

SIZES = {"seed": 3, "authors": 10, "background_authors": 1, "holdout_authors": 1, "facts": 8}
WORLD = {"stage": "prepare", "benchmark": {"name": "tofu", "kind": "tofu", "keys": {"world": SIZES}}}
SHOWN = {"study": "s", "benchmarks": [], "origins": {}, "names": []}


def grunflow(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [str(Path(sys.executable).parent / "grunflow"), *arguments], capture_output=True, text=True, check=False
    )


def failed_with(done: subprocess.CompletedProcess, *words: str) -> None:
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


def test_a_stage_writes_a_folder_that_verifies_and_a_flipped_byte_is_found(tmp_path: Path) -> None:
    out = tmp_path / "data"
    done = grunflow(
        "prepare", "--spec", json.dumps(WORLD), "--code", stage_digest(Prepare.model_validate(WORLD)), "--out", str(out)
    )
    assert done.returncode == 0, done.stderr
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["spec"]["benchmark"]["keys"]["world"]["seed"] == 3
    assert "sets/full.jsonl" in manifest["outputs"]
    assert grunflow("verify", str(tmp_path)).returncode == 0
    damaged = out / "sets" / "full.jsonl"
    damaged.write_bytes(damaged.read_bytes().replace(b"a", b"b", 1))
    done = grunflow("verify", str(tmp_path))
    assert done.returncode == 3
    assert "sets/full.jsonl" in done.stderr


def test_stale_code_is_refused(tmp_path: Path) -> None:
    done = grunflow("prepare", "--spec", json.dumps(WORLD), "--code", "0" * 16, "--out", str(tmp_path / "x"))
    failed_with(done, "code changed since submission")
    assert not (tmp_path / "x").exists()


def test_an_unknown_key_in_a_spec_names_the_nearest_key(tmp_path: Path) -> None:
    spec = {"stage": "tables", **SHOWN, "format": ["csv"]}
    failed_with(grunflow("tables", "--spec", json.dumps(spec), "--out", str(tmp_path / "x")), "'format'", "'formats'")


def test_an_unfinished_input_is_never_taken_for_a_finished_one(tmp_path: Path) -> None:
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "metrics.parquet").write_bytes(b"half")
    done = grunflow(
        "tables",
        "--spec",
        json.dumps(SHOWN),
        "--input",
        f"metrics={tmp_path / 'metrics'}",
        "--out",
        str(tmp_path / "tables"),
    )
    failed_with(done, "unfinished", "manifest.json")
    assert not (tmp_path / "tables").exists()


def test_a_missing_spec_file_is_named(tmp_path: Path) -> None:
    failed_with(grunflow("tables", "--spec", "nowhere.json", "--out", str(tmp_path / "x")), "nowhere.json")


def test_a_log_or_fixtures_that_cannot_be_read_are_bad_input(tmp_path: Path) -> None:
    failed_with(
        grunflow("score-log", str(tmp_path / "absent.json"), "--json"), "absent.json: cannot read it: No such file"
    )
    failed_with(grunflow("check-fixtures", str(tmp_path), "--json"), "no case")


def test_a_log_is_scored_as_one_flat_object(tmp_path: Path) -> None:
    fields = {
        "avg_gt_loss": [0.5],
        "avg_paraphrased_loss": [1.0],
        "rougeL_recall": [0.5],
        "average_perturb_loss": [[2.0]],
    }
    sections = ("eval_log_forget.json", "eval_log.json", "eval_real_author_wo_options.json",
                "eval_real_world_wo_options.json")  # fmt: skip
    log = tmp_path / "log.json"
    log.write_text(json.dumps({section: fields for section in sections}))
    done = grunflow("score-log", str(log), "--retain", str(log), "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert {"forget_rougeL", "model_utility", "ks_statistic", "forget_quality", "n_unlearned", "n_retain"} <= set(found)
    assert all(isinstance(value, int | float) for value in found.values())


def test_the_version_is_told_by_command_and_module() -> None:
    module = subprocess.run(
        [sys.executable, "-m", "grunflow", "--version"], capture_output=True, text=True, check=True
    ).stdout
    assert grunflow("--version").stdout == module == f"grunflow {__version__}\n"
