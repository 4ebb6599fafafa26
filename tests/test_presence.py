"""Signs of life of a Snakemake's main process, as another machine reads them."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from grunflow import presence
from grunflow.errors import BadInput

ELSEWHERE = {"host": "login2", "process": 77}


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def sign(content: str, seconds_ago: float = 0.0) -> None:
    presence.SIGN.parent.mkdir(exist_ok=True)
    presence.SIGN.write_text(content)
    then = time.time() - seconds_ago
    os.utime(presence.SIGN, (then, then))


def test_a_process_gives_signs_until_it_ends() -> None:
    """A real process, whose main thread does something else."""
    script = (
        "import time; from grunflow import presence; presence.EVERY_SECONDS = 0.05; presence.announce(); "
        "print(flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        first = presence.SIGN.stat().st_mtime_ns
        end = time.monotonic() + 60
        while presence.SIGN.stat().st_mtime_ns == first:
            assert time.monotonic() < end
            time.sleep(0.05)
        assert json.loads(presence.SIGN.read_text()) == {"host": socket.gethostname(), "process": other.pid}
        presence.leave()  # not this process's
        assert presence.SIGN.exists()
        other.kill()
    presence.announce()
    presence.leave()
    assert not presence.SIGN.exists()


def test_one_on_another_machine_is_seen_while_its_signs_are_fresh() -> None:
    assert presence.elsewhere() is None
    sign(json.dumps(ELSEWHERE), 100)
    found = presence.elsewhere()
    assert found is not None
    assert (found.host, found.process) == ("login2", 77)
    assert 99 < found.seconds < 200
    sign(json.dumps(ELSEWHERE), presence.DEAD_SECONDS + 1)
    assert presence.elsewhere() is None


@pytest.mark.parametrize("content", ["", "{", json.dumps({"host": socket.gethostname(), "process": 1})])
def test_what_is_cut_short_or_of_this_machine_is_nobody_elsewhere(content: str) -> None:
    """Of this machine's processes /proc tells."""
    sign(content)
    assert presence.elsewhere() is None


def test_who_has_left_gives_no_more_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "EVERY_SECONDS", 0.01)
    presence.announce()
    presence.leave()
    time.sleep(0.1)
    assert not presence.SIGN.exists()
    presence.announce()  # a second study in one process
    assert presence.SIGN.exists()
    presence.leave()


def test_a_folder_that_takes_no_file_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    sign(json.dumps(ELSEWHERE))

    def full(**_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(presence.tempfile, "NamedTemporaryFile", full)
    with pytest.raises(
        BadInput,
        match=r"\.grunflow: takes no file \(No space left on device\), so that nobody knows whether login2 still",
    ):
        presence.elsewhere()
