"""Commands handed to a server that has imported torch: they are as if they had started by themselves."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from grunflow import warm

# A command of this name that says what it is, and waits to be told to end.
COMMAND = """
import os, signal, sys, time

def main():
    if sys.argv[1] == "tell":
        print(os.getcwd(), os.environ["TOLD"], "torch" in sys.modules, sys.stdin.read())
        print("errors", file=sys.stderr)
        sys.exit(7)
    if sys.argv[1] == "where":
        import tempfile
        print(tempfile.gettempdir())
        sys.exit(0)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(75))
    open(sys.argv[2], "w").write(str(os.getpid()))
    while True:
        time.sleep(0.01)
"""
CLIENT = "import sys; from grunflow.warm import run_elsewhere; sys.path.insert(0, {place!r}); sys.exit(run_elsewhere())"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a command that finds a server."""
    keeper = subprocess.Popen(
        [sys.executable, "-c", "import os, sys; from grunflow import warm; warm.start(); print(os.environ[warm.ADDRESS], flush=True); sys.stdin.read()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=without_address(),
    )  # fmt: skip
    assert keeper.stdout is not None
    address = keeper.stdout.readline().strip()
    yield {**without_address(), **warm.ONE_THREAD, warm.ADDRESS: address, "TOLD": "so"}
    keeper.communicate()
    until(lambda: not Path(address).parent.exists())  # it ends with who started it


def without_address() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in (warm.ADDRESS, *warm.ELSEWHERE)}


def until(true) -> None:
    deadline = time.monotonic() + 120
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def command(folder: Path, environment: dict[str, str], *words: str) -> subprocess.Popen:
    """The command above, called in `folder`."""
    package = folder / "package" / "grunflow"
    package.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").touch()
    (package / "cli.py").write_text(COMMAND)
    client = CLIENT.format(place=str(package.parent))
    return subprocess.Popen([sys.executable, "-c", client, *words], cwd=folder, env=environment, text=True,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip


def test_a_command_has_its_own_folder_environment_files_and_status(server: dict[str, str], tmp_path: Path) -> None:
    process = command(tmp_path, server, "tell")
    told, errors = process.communicate("input")
    assert (told, errors, process.returncode) == (f"{tmp_path} so True input\n", "errors\n", 7)


def waiting(folder: Path, environment: dict[str, str]) -> tuple[subprocess.Popen, int]:
    """A command that waits, and the process that the server made for it."""
    process = command(folder, environment, "wait", "pid")
    until(lambda: (folder / "pid").exists() and (folder / "pid").read_text())
    return process, int((folder / "pid").read_text())


def is_gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_signal_reaches_it_and_its_status_comes_back(server: dict[str, str], tmp_path: Path) -> None:
    process, _ = waiting(tmp_path, server)
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode == 75


def test_a_command_ends_by_the_signal_that_its_process_was_killed_by(server: dict[str, str], tmp_path: Path) -> None:
    process, forked = waiting(tmp_path, server)
    os.kill(forked, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL


def test_a_process_does_not_outlive_its_command(server: dict[str, str], tmp_path: Path) -> None:
    process, forked = waiting(tmp_path, server)
    process.kill()
    process.communicate()
    until(lambda: is_gone(forked))


@pytest.mark.parametrize(
    "other",
    [{"OMP_NUM_THREADS": "2"}, {"MALLOC_ARENA_MAX": "1"}, {"SLURM_JOB_ID": "5"}, {"TORCHELASTIC_RUN_ID": "x"}, {warm.ADDRESS: "no"}],
    ids=lambda other: next(iter(other)),
)  # fmt: skip
def test_who_would_have_started_otherwise_starts_by_himself(
    other: dict[str, str], server: dict[str, str], tmp_path: Path
) -> None:
    """run_elsewhere gives None, which as an exit status is 0."""
    process = command(tmp_path, server | other, "tell")
    assert (*process.communicate(), process.returncode) == ("", "", 0)


@pytest.mark.parametrize("cut_short", ["", '{"python": '])
def test_a_command_that_is_killed_while_it_hands_itself_over_ends_no_other(
    cut_short: str, server: dict[str, str], tmp_path: Path
) -> None:
    process, forked = waiting(tmp_path, server)
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(server[warm.ADDRESS])
        socket.send_fds(line, [b"!"], [0, 1, 2])
        line.sendall(cut_short.encode())
    (tmp_path / "other").mkdir()
    told, _ = command(tmp_path / "other", server, "tell").communicate("input")  # the server still serves
    assert told.endswith("so True input\n")
    assert not is_gone(forked)
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode == 75


def test_where_no_server_can_be_jobs_start_by_themselves(tmp_path: Path) -> None:
    """An address of a socket has room for 107 bytes."""
    long = tmp_path / ("x" * 100)
    long.mkdir()
    script = "import os; from grunflow import warm; warm.start(); print(warm.ADDRESS in os.environ)"
    done = subprocess.run(
        [sys.executable, "-c", script], env=without_address() | {"TMPDIR": str(long)}, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "False\n")
    assert "no server for jobs (AF_UNIX path too long); each imports torch by itself" in done.stderr
    assert not list(long.iterdir())


def test_files_for_a_while_lie_where_the_command_wants_them(server: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    process = command(tmp_path, server | {"TMPDIR": str(tmp_path / "own")}, "where")
    assert process.communicate()[0] == f"{tmp_path / 'own'}\n"


def test_grunflow_itself_is_handed_over_and_says_the_same(server: dict[str, str], tmp_path: Path) -> None:
    words = [sys.executable, "-m", "grunflow", "evaluate", "--spec", "{}", "--out", "x"]
    warmly, coldly = (
        subprocess.run(words, cwd=tmp_path, env=server | more, capture_output=True, text=True)
        for more in ({}, {warm.ADDRESS: "no"})
    )
    said = [(done.returncode, done.stdout, done.stderr[23:]) for done in (warmly, coldly)]  # behind the time
    assert said[0] == said[1]
    assert said[0][0] == 2
    assert "--spec of evaluate" in said[0][2]
