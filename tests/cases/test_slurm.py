"""Case slurm_preflight_time_memory: the command itself against a stand-in for SLURM's clients; tests/slurm asks a real one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CLIENTS = {
    "sinfo": "echo 'gpu|(null)|500|10:00|up'",  # 500 MB, ten minutes
    "scontrol": "echo 'AccountingStorageEnforce = none'",
}


@pytest.fixture
def preflight(tmp_path: Path):
    """grunflow preflight of the demo, whose unlearning jobs ask for these resources."""
    for name, text in CLIENTS.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)

    def call(**unlearn: int) -> subprocess.CompletedProcess:
        small = {rule: {"slurm_partition": "gpu", "mem_mb": 400, "runtime": 5} for rule in RULES}
        profile = {"set-resources": {**small, "unlearn": {"slurm_partition": "gpu", **unlearn}}}
        (tmp_path / "config.yaml").write_text(yaml.safe_dump(profile))
        command = [
            sys.executable,
            "-m",
            "grunflow.cli",
            "preflight",
            "--configfile",
            "config/demo.yaml",
            "--workflow-profile",
            str(tmp_path),
        ]
        environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    return call


RULES = ("finetune_base", "finetune_target", "finetune_retain", "cache_frozen_states", "evaluate")


def test_time_and_memory_beyond_the_partition_are_named(preflight) -> None:
    done = preflight(runtime=20160, mem_mb=9000000)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "set-resources.unlearn.mem_mb: unlearn asks for 9000000 MB, but partition 'gpu' allows 500" in done.stderr
    assert "set-resources.unlearn.runtime: unlearn asks for 20160 minutes, but partition 'gpu' allows 10" in done.stderr


def test_what_the_partition_allows_is_met(preflight) -> None:
    done = preflight(runtime=10, mem_mb=500)
    assert done.returncode == 0, done.stderr
    assert "the cluster can meet it" in done.stdout
