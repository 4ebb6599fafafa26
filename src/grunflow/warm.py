"""Jobs that begin with torch and transformers imported: on one machine, a process of a tiny job spends most of its time on that.

`start()` makes a server, which Snakemake's main process does for jobs that run beside it (workflow/rules/common.smk). A command of
grunflow that finds its address in the environment hands itself over: words, folder, environment, open files, limits. The server
(warm_server.py) forks a process that has imported other people's packages and nothing of this one, and that is the command from
then on; this process passes signals on to it and ends as it ends. Results are the same, to the byte. Who does not want it
says GRUNFLOW_WARM=no.
"""

import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from grunflow.launch import FORWARDED

ADDRESS = "GRUNFLOW_WARM"
# Jobs of a cluster and processes of torchrun have limits and neighbours of their own.
ELSEWHERE = ("SLURM_JOB_ID", "TORCHELASTIC_RUN_ID")
# Variables that are read while a process starts, or while packages are imported: they must be the server's.
READ_EARLY = ("CUDA_", "GOTO_", "HF_", "KMP_", "LD_", "MALLOC_", "MKL_", "MPL", "NUMEXPR_", "OMP_", "OPENBLAS_", "PYTHONHASHSEED",
              "PYTHONUNBUFFERED", "PYTORCH_", "TORCH_", "TRANSFORMERS_")  # fmt: skip
# What Snakemake sets for a job of one thread (snakemake/shell.py).
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "GOTO_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS"),
    "1",
)  # fmt: skip
LIMITS = ("RLIMIT_CORE", "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_DATA", "RLIMIT_STACK", "RLIMIT_NOFILE", "RLIMIT_AS")

_servers: list[subprocess.Popen] = []  # of this process; their inputs stay open as long as it lives


def start() -> None:
    """Start a server for the processes that this one will start; it ends when this process has ended. Without one they take longer."""
    if ADDRESS in os.environ:
        return
    folder = ""
    try:
        folder = tempfile.mkdtemp(prefix="grunflow-")  # nobody else may enter it
        address = str(Path(folder, "address"))
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(address)
            listener.listen(64)
            server = subprocess.Popen(
                [sys.executable, "-m", "grunflow.warm_server", str(listener.fileno()), folder],
                stdin=subprocess.PIPE, pass_fds=[listener.fileno()], env={**os.environ, **ONE_THREAD},
            )  # fmt: skip
    except OSError as error:  # the path may be too long for an address (107 bytes)
        shutil.rmtree(folder, ignore_errors=True)
        print(f"grunflow: no server for jobs ({error}); each imports torch by itself", file=sys.stderr)
        return
    _servers.append(server)
    os.environ[ADDRESS] = address


def read_early(environment: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(READ_EARLY)}


def run_elsewhere() -> int | None:
    """Run this process's command by the server; its exit status, or None where there is none that can."""
    address = os.environ.get(ADDRESS)
    if not address or any(name in os.environ for name in ELSEWHERE):
        return None
    with socket.socket(socket.AF_UNIX) as line:
        try:
            line.connect(address)
            socket.send_fds(line, [b"!"], [0, 1, 2])
            line.sendall(json.dumps(_request()).encode() + b"\n")
            answers = line.makefile()
            process = int(answers.readline() or 0)
        except OSError:
            return None
        if not process:
            return None
        for number in FORWARDED:
            signal.signal(number, lambda number, _: _send(process, number))
        ended = answers.readline()
    if not ended:
        print(
            "grunflow: the server that ran this was lost; run snakemake again (GRUNFLOW_WARM=no does without)",
            file=sys.stderr,
        )
        return 1
    status = int(ended)
    if status < 0:  # by a signal: this process ends by it, too
        with suppress(OSError):  # of SIGKILL
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    return status


def _request() -> dict:
    mask = os.umask(0)
    os.umask(mask)
    return {
        "python": sys.prefix, "words": sys.argv, "folder": os.getcwd(), "path": sys.path, "mask": mask,
        "environment": dict(os.environ), "limits": {name: resource.getrlimit(getattr(resource, name)) for name in LIMITS},
    }  # fmt: skip


def _send(process: int, number: int) -> None:
    with suppress(ProcessLookupError):  # it has just ended
        os.kill(process, number)
