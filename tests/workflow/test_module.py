"""The workflow as a module of another one, as docs/first_study.md has it."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.workflow.small_study import BIN, ROOT, environment

pytestmark = pytest.mark.slow


def snakemake(folder: Path, *arguments: str) -> str:
    command = [BIN / "snakemake", "--cores", "1", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment(ROOT), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_page_s_workflow_has_our_rules_and_runs_them(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(configfile.*?)```", (ROOT / "docs" / "first_study.md").read_text(), re.DOTALL)
    (tmp_path / "Snakefile").write_text(code.replace("PATH/TO/grunflow", str(ROOT)))
    (tmp_path / "config").symlink_to(ROOT / "config")
    planned = snakemake(tmp_path, "-n", "mine")
    for rule in ("grunflow_prepare", "grunflow_unlearn", "grunflow_report", "mine"):
        assert re.search(rf"^{rule} +\d", planned, re.MULTILINE), rule
    snakemake(tmp_path, "results/demo/tofu/data")
    assert (tmp_path / "results" / "demo" / "tofu" / "data" / "manifest.json").is_file()
