"""Stages in forked processes: what they import is imported once here, so that a kill costs tenths of a CPU second."""

import importlib
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from grunflow.config.stages import stages

NOBODY = 65534
# What stages import late, beside their own modules.
LATE = ("torch", "transformers", "transformers.models.llama.modeling_llama", "peft", "pandas", "pyarrow.parquet",
        "matplotlib.pyplot", "scipy.stats", "rouge_score.rouge_scorer", "safetensors.torch", "grunflow.cli",
        "grunflow.commands.verify")  # fmt: skip


def preload() -> None:
    os.environ["MPLBACKEND"] = "agg"
    for name in (*LATE, *(f"grunflow.stages.{stage}" for stage in stages())):
        importlib.import_module(name)


def nothing() -> None: ...


def unprivileged() -> None:
    """Rights of files bind root to nothing."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


def start(folder: Path, arguments: list[str], log: Path, before: Callable[[], None] = nothing) -> int:
    """`grunflow ARGUMENTS` in a process of its own, a group of its own, in `folder`; before: called in it first."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        os.setpgid(0, 0)
        os.chdir(folder)
        handle = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o644)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        before()
        status = _main(arguments)
    except BaseException:  # whatever it is: this process must not go on as its parent
        import traceback

        traceback.print_exc()
    finally:
        os._exit(status)


def _main(arguments: list[str]) -> int:
    from grunflow import cli

    sys.argv = ["grunflow", *arguments]
    try:
        cli.main()
    except SystemExit as end:
        sys.stdout.flush()
        sys.stderr.flush()
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
            return 1
        return end.code or 0
    sys.stdout.flush()
    return 0


def wait(pid: int, seconds: float | None = None) -> int | None:
    """The exit status, negative of a signal; None while it still runs after `seconds`."""
    deadline = None if seconds is None else time.monotonic() + seconds
    while True:
        done, status = os.waitpid(pid, 0 if deadline is None else os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if deadline is not None and time.monotonic() >= deadline:
            return None
        time.sleep(0.002)


def kill(pid: int, number: int = signal.SIGKILL) -> int:
    """Send the signal to the process's group; its exit status."""
    os.killpg(pid, number)
    status = wait(pid)
    assert status is not None, "waited without end"
    return status
