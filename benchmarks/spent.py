"""What a command takes as a process of its own: a peak of memory cannot be taken back within one."""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple


class Spent(NamedTuple):
    """seconds: on the clock. peak_bytes: of resident memory."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int


def spent(command: Sequence[str], name: str) -> Spent:
    """Run a command, whose output goes to <name>.txt; ends this process where it fails."""
    log = f"{name}.txt"
    said = [(os.POSIX_SPAWN_OPEN, 1, log, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o644), (os.POSIX_SPAWN_DUP2, 1, 2)]
    started = time.perf_counter()
    pid = os.posix_spawnp(command[0], list(command), os.environ, file_actions=said)
    _, status, used = os.wait4(pid, 0)
    if status:
        sys.exit(f"{name}: status {os.waitstatus_to_exitcode(status)}: {Path(log).read_text()[-2000:]}")
    return Spent(time.perf_counter() - started, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)
