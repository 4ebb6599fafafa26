"""A study of both parts that runs in a minute or two: TOFU's schema from a local folder, and the made-up domains."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import yaml

from grunflow.data.records import write_rows
from grunflow.data.splits import TOFU_ROWS

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
FULL = TOFU_ROWS["full"]


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


def make(folder: Path) -> Path:
    """A work tree: this repository's workflow, environments and package copied, and a study of its own."""
    for name in ("workflow", "envs", "src"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    write_benchmark(folder / "tofu")
    (folder / "config").mkdir()
    training = {"learning_rate": 1e-3, "steps": 3, "batch_size": 4}
    shape = {"hidden_size": 16, "layers": 2, "heads": 2}
    models = {name: {"architecture": shape, "base": training, "target": training, "replayed": 5}
              for name in ("mini", "mini-two", "crafty")}  # fmt: skip
    rows = {"carriers": ["grun"]}
    study = {
        "study": "small", "title": "Small", "models_sheet": "config/models.yaml", "max_new_tokens": 2, "vocabulary": 300,
        "tofu": {"folder": "tofu", "retain_authors": 1}, "forget_split": "forget01",
        "seeds": [{"target_seed": 0, "unlearn_seed": 0}],
        "grid": [{"model": "mini", "objectives": ["gd"], **rows}],
        "objectives": {"gd": {}, "npo": {}, "rmu": {"layer": 0, "steering": 5}},
        "carriers": {"grun": {"rank": 2, "layers": [0, 1], "gate": "linear", "gate_weight": 1}},
        "training": {"grun": training},
        "snapshots": {"count": 1, "questions": 2},
        "wmdp": {"sources": {"craft": {"things": 8}}, "seeds": [0], "tasks": ["forget_domain", "retain_domain"],
                 "grid": [{"model": "crafty", "objectives": ["rmu"], **rows}]},
    }  # fmt: skip
    for name, content in (("config/models.yaml", models), ("study.yaml", study)):
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
