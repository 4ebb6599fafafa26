"""grunflow jobs: what rules, plans and checks see, without torch."""

import json
import subprocess
import sys
from pathlib import Path

from grunflow.config.jobs import all_jobs
from grunflow.config.reading import read_study
from grunflow.config.typed import read_yaml

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "transformers", "pandas", "matplotlib", "scipy")
SCRIPT = f"""
import sys
from argparse import ArgumentParser
from grunflow.commands import jobs
parser = ArgumentParser()
jobs.add_arguments(parser)
jobs.run(parser.parse_args(["--configfile", "config/demo.yaml", *sys.argv[1:]]))
assert not set({HEAVY}) & set(sys.modules)
"""


def jobs(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_job_stands_there_with_its_spec_and_what_it_reads() -> None:
    found = json.loads(jobs("--json"))
    expected = all_jobs(read_study(read_yaml(str(ROOT / "config" / "demo.yaml"), "config")))
    assert [row["folder"] for row in found] == [job.folder for job in expected]
    assert {tuple(row) for row in found} == {("rule", "folder", "spec", "inputs", "files")}
    written = {row["folder"] for row in found}
    for row in found:
        assert row["spec"]["stage"]
        assert {folder for folders in row["inputs"].values() for folder in folders} <= written


def test_for_people_a_job_is_a_line() -> None:
    assert ["prepare", "results/demo/tofu/data"] in [line.split() for line in jobs().splitlines()]


def test_commands_import_nothing_heavy_before_they_run() -> None:
    script = (
        "import importlib, pkgutil, sys, grunflow.commands as c\n"
        "for found in pkgutil.iter_modules(c.__path__): importlib.import_module(f'grunflow.commands.{found.name}')\n"
        "print(sorted({'torch', 'pandas', 'numpy', 'pydantic', 'yaml', 'huggingface_hub'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
