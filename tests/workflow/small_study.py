"""A study of two benchmarks that runs in a few minutes: TOFU's schema from a local folder, and WMDP's made-up domains."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import yaml

from grunflow.benchmarks.tofu.splits import TOFU_ROWS
from grunflow.data.records import write_rows

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
FULL = TOFU_ROWS["full"]
TRAINING = {"learning_rate": 1e-3, "steps": 3, "batch_size": 4}
SHAPE = {"hidden_size": 16, "layers": 2, "heads": 2}
# Models from scratch: as many as any study of these tests names.
SHEET = {name: {"architecture": SHAPE, "base": TRAINING, "target": TRAINING, "replayed": 5}
         for name in ("mini", "mini-two", "crafty")}  # fmt: skip
CRAFT = {"sources": {"craft": {"things": 8}}, "tasks": {"forget": ["forget_domain"], "keep": ["retain_domain"]}}
GRUN = {"rank": 2, "layers": [0, 1], "gate": "linear", "gate_weight": 1}
RMU = {"layer": 0, "steering": 5}
# A method of the user's own, beside the study.
MINE = '''"""Answers become less likely, up to a bound."""

READS = ("answers",)
RETAIN = "nll"
PARAMETERS = {"bound": 5.0}


def forget(answers, refusals, spec):
    return -answers.current.nll_sum.clamp(max=spec.bound).sum() / answers.current.rows
'''


def environment(folder: Path, **more: str) -> dict[str, str]:
    """The copy of the package in `folder` is the one that is imported."""
    path = f"{BIN}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(folder / "src"), "OMP_NUM_THREADS": "1", **more}


def call(folder: Path, *command: str | Path, **more: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env=environment(folder, **more),
        capture_output=True,
        text=True,
        check=False,
    )


def snakemake_command(*arguments: str) -> list[str | Path]:
    return [BIN / "snakemake", "--workflow-profile", "workflow/profiles/default", "--cores", "1",
            "--configfile", "study.yaml", *arguments]  # fmt: skip


def snakemake(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess:
    return call(folder, *snakemake_command(*arguments), **more)


def planned(folder: Path, *arguments: str, **more: str) -> dict[str, int]:
    """Rule -> number of jobs that a dry run would start."""
    done = snakemake(folder, "-n", *arguments, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.findall(r"^([a-z_]+)\s+(\d+)$", done.stdout + done.stderr, re.M)
    return {name: int(count) for name, count in found if name not in ("all", "total")}


def why(folder: Path) -> dict[str, int]:
    """Rule -> number of jobs that `grunflow why` says would run again."""
    done = call(folder, BIN / "grunflow", "why", "--configfile", "study.yaml", "--json")
    assert done.returncode == 0, done.stderr
    return Counter(item["rule"] for item in json.loads(done.stdout))


def grid(*models: str) -> list[dict]:
    """Rows of the study's grid: three objectives on GRUN with these models, and RMU on GRUN."""
    asked = [("tofu", model, ["gd", "npo", "mine"]) for model in models] + [("wmdp", "crafty", ["rmu"])]
    return [{"benchmark": benchmark, "model": model, "objectives": objectives, "carriers": ["grun"]}
            for benchmark, model, objectives in asked]  # fmt: skip


def make(folder: Path) -> Path:
    """A work tree: this repository's workflow, environments and package copied, and a study of its own."""
    study = {
        "study": "small", "title": "Small", "models_sheet": "config/models.yaml", "max_new_tokens": 2, "vocabulary": 300,
        "benchmarks": {"tofu": {"folder": "tofu", "retain_authors": 1, "forget_split": "forget01"},
                       "wmdp": {**CRAFT, "snapshots": {"count": 0}}},
        "seeds": [{"target_seed": 0, "unlearn_seed": 0}],
        "grid": grid("mini"),
        "objectives": {"gd": {}, "npo": {}, "mine": {"file": "mine.py"}, "rmu": RMU},
        "carriers": {"grun": GRUN},
        "training": {"grun": TRAINING},
        "snapshots": {"count": 1, "questions": 2},
    }  # fmt: skip
    write_benchmark(folder / "tofu")
    (folder / "mine.py").write_text(MINE)
    return write(copy(folder), study)


def copy(folder: Path) -> Path:
    """This repository's workflow, environments and package in `folder`."""
    for name in ("workflow", "envs", "src"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    return folder


def write(folder: Path, study: dict, sheet: dict = SHEET) -> Path:
    """The study's file and its sheet of models."""
    (folder / "config").mkdir()
    for name, content in (("config/models.yaml", sheet), ("study.yaml", study)):
        plain = json.loads(json.dumps(content))  # without YAML's aliases: an edit of one row is to leave the others
        (folder / name).write_text(yaml.safe_dump(plain, sort_keys=False))
    return folder


def write_benchmark(folder: Path) -> None:
    """Files of TOFU's names and sizes, filled with numbered questions; forget splits are the last rows of full."""
    full = [row_of(index) for index in range(FULL)]
    for split, count in TOFU_ROWS.items():
        if split.startswith(("real_authors", "world_facts")):
            rows = [row_of(FULL + index) for index in range(count)]
        else:
            rows = full[-count:] if split.startswith("forget") else full[:count]
        if split.endswith("_perturbed"):
            rows = [row | {"paraphrased_answer": row["answer"], "perturbed_answer": ["Nobody."]} for row in rows]
        write_rows(folder / f"{split}.json", rows)


def row_of(index: int) -> dict[str, str]:
    return {"question": f"Who wrote book {index}?", "answer": f"Author {index // 20}."}


def set_keys(path: Path, values: dict) -> None:
    """Set keys of a YAML file; a key's path is written with __."""
    content = yaml.safe_load(path.read_text())
    for key, value in values.items():
        *parents, last = key.split("__")
        place = content
        for parent in parents:
            place = place[int(parent) if parent.isdigit() else parent]
        place[last] = value
    path.write_text(yaml.safe_dump(content, sort_keys=False))
