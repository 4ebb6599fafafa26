"""The table of faults counts what happened, and says what was not tried."""

import csv
import time
from pathlib import Path
from random import Random

import pytest

from tests.faults.stages import damage
from tests.faults.table import Fault, Table
from tests.faults.world import Failed


def test_tries_are_counted_by_how_they_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ends = iter([None, Failed("lost", "gone"), Failed("wrong", "other bytes")])

    def once(rng: Random) -> None:
        failed = next(ends)
        if failed:
            raise failed

    table = Table(0, time.monotonic() + 60)
    table.try_all(iter([Fault("a kill", 3, once, 1)]), 1.0, lambda: None)
    table.deadline = 0
    table.try_all(iter([Fault("late", 1, once)]), 1.0, lambda: None)
    table.write()
    rows = list(csv.DictReader((tmp_path / "results/faults/summary.csv").read_text().splitlines()))
    assert rows == [
        {"fault": "a kill", "tried": "3", "survived": "1", "lost": "1", "wrong": "1"},
        {"fault": "late", "tried": "0", "survived": "0", "lost": "0", "wrong": "0"},
    ]
    assert table.kills == 3
    told = (tmp_path / "results/faults/details.txt").read_text()
    assert "a kill (try 1): lost: gone\n" in told
    assert "late: not tried, the time is over\n" in told


@pytest.mark.parametrize("how", ["flipped", "truncated"])
def test_damage_changes_the_file_and_follows_from_the_seed(tmp_path: Path, how: str) -> None:
    found = []
    for _ in range(2):
        (tmp_path / "file").write_bytes(bytes(range(50)))
        damage(tmp_path / "file", Random(3), how)
        found.append((tmp_path / "file").read_bytes())
    assert found[0] == found[1] != bytes(range(50))
