"""Processes of the command line that begin with torch and transformers imported: real ones, with a status, that take signals.

They are forked from a server that imported the stages and did nothing else (multiprocessing's forkserver): a process of a tiny
job spends most of its time on those imports.
"""

import multiprocessing
import os
import sys
from contextlib import suppress
from pathlib import Path

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload([f"grunflow.stages.{name}" for name in ("prepare", "finetune", "unlearn")])


class Forked:
    """What subprocess.Popen is to its callers, for a command of grunflow in `folder`."""

    def __init__(self, command: list[str], folder: Path, errors: Path) -> None:
        self.errors = errors
        errors.write_text("")  # it may be killed before it begins
        self.process = SERVER.Process(target=_run, args=(command, str(folder), str(errors)), daemon=True)
        self.process.start()

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    @property
    def returncode(self) -> int | None:
        return self.process.exitcode

    def poll(self) -> int | None:
        return self.process.exitcode

    def send_signal(self, number: int) -> None:
        with suppress(ProcessLookupError):  # it has ended
            os.kill(self.pid, number)

    def communicate(self, timeout: float | None = None) -> tuple[None, str]:
        self.process.join(timeout)
        if self.process.exitcode is None:
            raise TimeoutError(f"{self.errors.read_text()}: still running")
        return None, self.errors.read_text()


def _run(command: list[str], folder: str, errors: str) -> None:
    os.chdir(folder)
    os.dup2(os.open(errors, os.O_WRONLY), 2)
    sys.argv = command
    from grunflow.cli import main

    main()
