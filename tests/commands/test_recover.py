"""Which processes `grunflow recover` takes for a Snakemake that lives; tests/slurm has the rest, on a real cluster."""

import os
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from grunflow import presence
from grunflow.commands import recover
from grunflow.errors import BadInput


@contextmanager
def process(work: Path, *words: str, **environment: str) -> Iterator[int]:
    """A process whose command line begins with `words`, at work in a folder."""
    command = [words[0], "-c", "print(flush=True); import time; time.sleep(60)", *words[1:]]
    with subprocess.Popen(
        command, executable=sys.executable, cwd=work, env={**os.environ, **environment}, stdout=subprocess.PIPE
    ) as started:
        assert started.stdout is not None
        started.stdout.readline()  # it runs
        try:
            yield started.pid
        finally:
            started.kill()


def test_a_snakemake_of_this_folder_is_found_also_inside_a_long_job(tmp_path: Path) -> None:
    with process(tmp_path, "/env/bin/snakemake", SLURM_JOB_ID="7") as number:
        assert recover.running_here(tmp_path) == [number]
        assert recover.running_here(tmp_path.parent) == []
    with process(tmp_path, "snakemake") as number:
        assert recover.running_here(tmp_path) == [number]
    assert recover.running_here(tmp_path) == []


def test_the_snakemake_inside_a_job_and_other_programs_are_not(tmp_path: Path) -> None:
    with process(tmp_path, "snakemake", "--target-jobs", "unlearn:study=small"), process(tmp_path, "python"):
        assert recover.running_here(tmp_path) == []


@pytest.fixture
def one_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Namespace:
    """A squeue that lists one job for ever, as after a lost node, and a scancel that says that it was called."""
    tools = tmp_path / "bin"
    tools.mkdir()
    job = f"echo '12|grunflow_x|COMPLETING||node3|rule_unlearn|{tmp_path}'"
    for name, text in (("squeue", job), ("scancel", f"touch {tmp_path}/cancelled")):
        (tools / name).write_text(f"#!/bin/sh\n{text}\n")
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    monkeypatch.setattr(recover, "PATIENCE_SECONDS", 0)
    monkeypatch.chdir(tmp_path)
    return Namespace(dry_run=False, prefix="grunflow")


def test_jobs_of_a_snakemake_that_lives_on_another_machine_are_left_alone(one_job: Namespace) -> None:
    presence.SIGN.parent.mkdir()
    presence.SIGN.write_text('{"host": "login2", "process": 77}')
    with pytest.raises(
        BadInput, match=r"runs in .* on login2 \(process 77, last sign of life 0 s ago\): its jobs are no orphans"
    ):
        recover.run(one_job)
    assert not Path("cancelled").exists()
    os.utime(presence.SIGN, (0, 0))
    with pytest.raises(BadInput, match="not gone after 0 s"):
        recover.run(one_job)
    assert Path("cancelled").exists()


def test_jobs_that_do_not_end_are_named(one_job: Namespace) -> None:
    with pytest.raises(BadInput, match=r"not gone after 0 s: 12 \(COMPLETING on node3\)"):
        recover.run(one_job)
