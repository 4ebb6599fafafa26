"""What is read of SLURM's clients' output; tests/slurm asks a real cluster."""

import math
import os
from pathlib import Path

import pytest

from grunflow.cluster import Partition, most_of

SINFO = """gpu|gpu:a100:4(S:0-1)|512000|2-00:00:00|up
gpu|gpu:a100:8|1024000+|2-00:00:00|up
long|(null)|256000|infinite|up
"""


@pytest.fixture
def sinfo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sinfo").write_text(f"#!/bin/sh\ncat <<'end'\n{SINFO}end\n")
    (tmp_path / "sinfo").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")


@pytest.mark.parametrize(
    ("named", "most"),
    [
        ("gpu", Partition(8, 1024000.0, 2880.0)),
        ("'gpu,long'", Partition(8, 1024000.0, math.inf)),
        ("elsewhere", Partition()),
        ("", Partition()),
    ],
)
def test_the_most_generous_of_the_partitions_named(sinfo: None, named: str, most: Partition) -> None:
    assert most_of(named) == most


def test_without_slurm_there_is_no_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert most_of("gpu") == Partition()
