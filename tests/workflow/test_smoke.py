"""A whole small study through Snakemake: it runs, has nothing left to do, and reruns only what changed."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from grunflow.benchmarks.tofu.logs import SECTIONS

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


def snakemake(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [BIN / "snakemake", "--snakefile", ROOT / "workflow" / "Snakefile", "--workflow-profile",
         ROOT / "workflow" / "profiles" / "default", "--configfile", "study.yaml", *arguments],
        cwd=folder, env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def planned(folder: Path) -> dict[str, int]:
    """Rule -> number of jobs that a dry run would start."""
    done = snakemake(folder, "-n")
    assert done.returncode == 0, done.stdout + done.stderr
    return {name: int(count) for name, count in re.findall(r"^([a-z_]+)\s+(\d+)$", done.stdout + done.stderr, re.M)}


@pytest.fixture
def study(tmp_path: Path) -> Path:
    training = {"learning_rate": 1e-3, "steps": 3, "batch_size": 4}
    sheet = {"mini": {"architecture": {"hidden_size": 16, "layers": 2, "heads": 2}, "base": training,
                      "target": training, "replayed": 5},
             "crafty": {"architecture": {"hidden_size": 16, "layers": 2, "heads": 2}, "base": training}}  # fmt: skip
    config = {
        "study": "smoke", "title": "Smoke", "models_sheet": "models.yaml", "max_new_tokens": 2, "vocabulary": 300,
        "benchmarks": {
            "tofu": {"world": {"authors": 10, "background_authors": 1, "holdout_authors": 1, "facts": 8}},
            "wmdp": {"sources": {"craft": {"things": 8}}, "tasks": {"forget": ["forget_domain"], "keep": ["retain_domain"]}},
        },
        "seeds": [{"target_seed": 0, "unlearn_seed": 0}, {"target_seed": 0, "unlearn_seed": 1}],
        "grid": [{"benchmark": "tofu", "model": "mini", "objectives": ["gd"], "carriers": ["full", "grun"]},
                 {"benchmark": "wmdp", "model": "crafty", "objectives": ["rmu"], "carriers": ["full", "grun"]}],
        "objectives": {"gd": {}, "rmu": {"layer": 0, "steering": 5}},
        "carriers": {"grun": {"rank": 2, "layers": [0, 1], "gate": "linear", "gate_weight": 1}},
        "training": {"full": dict(training), "grun": dict(training)},
        "claims": str(ROOT / "config" / "claims.yaml"), "published": [str(ROOT / "config" / "published" / "grun.csv")],
        "published_logs": [{"name": "theirs", "log": "log.json", "retain_log": "log.json"}],
    }  # fmt: skip
    fields = {
        "avg_gt_loss": [0.5],
        "avg_paraphrased_loss": [1.0],
        "rougeL_recall": [0.5],
        "average_perturb_loss": [[2.0]],
    }
    (tmp_path / "log.json").write_text(json.dumps({section: fields for section in SECTIONS}))
    (tmp_path / "models.yaml").write_text(yaml.safe_dump(sheet))
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    return tmp_path


@pytest.mark.slow
def test_a_study_runs_whole_then_reruns_only_what_changed(study: Path) -> None:
    done = snakemake(study)
    assert done.returncode == 0, done.stdout + done.stderr
    results = study / "results" / "smoke"
    first = (results / "tables" / "tofu_main.csv").read_bytes()
    assert b"grun" in first
    answered = (results / "tables" / "wmdp_main.csv").read_bytes()
    assert answered.count(b"rmu") == 2
    assert "theirs" in (results / "tables" / "published_logs.csv").read_text()
    for path in ("tofu/runs/mini/forget10/gd_grun_t0_u1", "tofu/runs/mini/base", "wmdp/runs/crafty/rmu_full_u0"):
        measured = json.loads((results / path / "manifest.json").read_text())["measured"]
        assert measured["train_flops"] > 0
        assert 0 < measured["train_seconds"] < measured["seconds"]
    verdicts = json.loads((results / "claims.json").read_text())
    assert {"id", "quote", "verdict", "effect", "lo", "hi", "n", "tables"} <= set(verdicts[0])
    of_paper = {row["claim"]: row["verdict"] for row in verdicts if row["about"] == "the paper"}
    # Also what follows from shapes by closed form: the paper's models are not in this study's sheet.
    assert set(of_paper.values()) == {"not testable here"}
    assert "waits" not in (results / "tables" / "published.md").read_text()
    # Snakemake's own report, with captions and categories, offline.
    told = snakemake(study, "--report", "snakemake.html")
    assert told.returncode == 0, told.stdout + told.stderr
    page = (study / "snakemake.html").read_text()
    assert "What the paper says" in page
    assert all(category in page for category in ("Claims", "Tables", "Figures"))
    assert "Nothing to be done" in (lambda again: again.stdout + again.stderr)(snakemake(study, "-n"))
    min((results / "figures").glob("*.png")).unlink()
    assert planned(study) == {"figures": 1, "report": 1, "all": 1, "total": 3}
    # As a person reads it (tests/test_console.py).
    lines = snakemake(study, "--logger", "grunflow").stderr.splitlines()
    assert "2 jobs: 1 figures, 1 report" in lines
    assert [line.split("  ")[:2] for line in lines if " of 2 " in line] == [["1 of 2", "figures"], ["2 of 2", "report"]]
    config = yaml.safe_load((study / "study.yaml").read_text())
    config["training"]["grun"]["learning_rate"] = 2e-3
    (study / "study.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    expected = {
        "unlearn": 4,
        "evaluate": 4,
        "aggregate": 2,
        "tables": 1,
        "figures": 1,
        "claims": 1,
        "report": 1,
        "all": 1,
        "total": 15,
    }
    assert planned(study) == expected
    config["training"]["grun"]["learning_rate"] = 1e-3
    (study / "study.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    # The same seeds give the same score tables, byte for byte.
    assert snakemake(study, "--forceall").returncode == 0
    assert (results / "tables" / "tofu_main.csv").read_bytes() == first
    assert (results / "tables" / "wmdp_main.csv").read_bytes() == answered


@pytest.mark.slow
def test_a_bad_config_ends_in_one_clear_line_and_touches_nothing(study: Path) -> None:
    config = yaml.safe_load((study / "study.yaml").read_text())
    config["grid"][0]["objectives"] = ["ndo"]
    (study / "study.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    done = snakemake(study)
    assert done.returncode != 0
    assert "Did you mean 'npo'?" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    assert not (study / "results").exists()
