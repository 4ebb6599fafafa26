"""A real SLURM on this machine (Debian's slurm-wlm and munge), and a study of which only the last part is left to do."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.slurm import study
from tests.tools import missing

LAB = Path(__file__).with_name("slurmlab")
NEEDED = ("slurmctld", "slurmd", "munged", "sbatch", "squeue")
NEEDED_BY_ACCOUNTING = ("slurmdbd", "mariadbd")


class Lab:
    """A cluster, of one node unless said. environment: what its clients need."""

    def __init__(self, folder: Path, gpus: int, nodes: int = 1) -> None:
        self.folder = folder
        port = _free_ports()
        self.settings = {**os.environ, "SLURMLAB_PORT": str(port), "SLURMLAB_CPUS": "4", "SLURMLAB_GPUS": str(gpus),
                         "SLURMLAB_MEM_MB": "16000", "SLURMLAB_NODES": str(nodes)}  # fmt: skip
        self.environment = study.environment(
            SLURM_CONF=str(folder / "etc/slurm.conf"), PATH=f"{folder}/bin:{study.BIN}:{os.environ['PATH']}",
            SLURM_TEST_POLL_SECONDS="0.5",
        )  # fmt: skip

    def manage(self, verb: str, *more: str) -> None:
        done = subprocess.run(
            [LAB, verb, self.folder, *more], env=self.settings, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def call(self, *command: str) -> str:
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True).stdout

    def restart_controller(self) -> None:
        """Kill slurmctld, not by its own command, and start it again."""
        pid = int((self.folder / "run/slurmctld.pid").read_text())
        os.kill(pid, signal.SIGKILL)
        study.until("the end of slurmctld", lambda: not Path(f"/proc/{pid}").exists())
        self.manage("up")

    def jobs(self, states: str = "PD,R,S,CG") -> list[dict[str, str]]:
        """Of the queue; `work` tells which study a job is of, `rule` which rule."""
        rows = self.call("squeue", "-h", "-t", states, "-o", "%i|%T|%r|%Z|%k").splitlines()
        fields = ("id", "state", "reason", "work", "rule")
        return [dict(zip(fields, row.split("|"), strict=True)) for row in rows]


def _free_ports() -> int:
    """A port that is free with the next four: slurmctld, slurmd, slurmdbd, mariadbd, a second slurmd."""
    for port in range(20000 + os.getpid() % 10000, 60000, 7):
        try:
            for number in range(port, port + 5):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", number))
            return port
        except OSError:
            continue
    raise AssertionError("no free ports")


def _started(folder: Path, gpus: int, *more: str, nodes: int = 1) -> Iterator[Lab]:
    needed = (*NEEDED, *(NEEDED_BY_ACCOUNTING if more else ()))
    absent = [name for name in needed if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") is None]
    if absent:
        missing(f"no {', '.join(absent)}: apt-get install slurm-wlm munge slurmdbd mariadb-server")
    lab = Lab(folder, gpus, nodes)
    lab.manage("up", *more)
    yield lab
    lab.manage("down")


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One fake GPU."""
    yield from _started(tmp_path_factory.mktemp("lab"), 1)


@pytest.fixture
def lab_of_two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Two fake GPUs."""
    yield from _started(tmp_path_factory.mktemp("lab"), 2)


@pytest.fixture
def lab_of_two_nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Two nodes of two fake GPUs each."""
    yield from _started(tmp_path_factory.mktemp("lab"), 2, nodes=2)


@pytest.fixture(scope="session")
def lab_with_accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A cluster that charges jobs to accounts: root may charge `lab` and, by default, `root`."""
    yield from _started(tmp_path_factory.mktemp("lab"), 1, "--accounting")


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study, finished by Snakemake on this machine."""
    folder = tmp_path_factory.mktemp("local")
    study.write(folder)
    done = subprocess.run(
        study.local_command(), cwd=folder, env=study.environment(), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def unfinished(local: Path, folder: Path) -> Path:
    """A copy of the finished study with the unlearning run, and so what follows from it, left to do."""
    shutil.copytree(local, folder, symlinks=True)
    results = folder / "results/small"
    for left in (folder / study.RUN, *(results / name for name in (study.SCORES, "tofu/metrics", "tables"))):
        shutil.rmtree(left)
    return folder


@pytest.fixture
def interrupted(local: Path, tmp_path: Path) -> Path:
    return unfinished(local, tmp_path / "study")
