"""Whether a Snakemake works in this folder, also from another machine: its main process leaves a sign of life there.

Its age is taken by the clock of the file system, which is one for all machines.
"""

import json
import os
import socket
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

from grunflow.job import read_object, write_atomically

SIGN = Path(".grunflow") / "snakemake.json"
EVERY_SECONDS, DEAD_SECONDS = 30.0, 300.0  # between two signs; after the last one of a process that is given up


class Snakemake(NamedTuple):
    """seconds: since its last sign."""

    host: str
    process: int
    seconds: float


def announce() -> None:
    """Give a sign now, and another one now and then while this process lives."""

    def signs() -> None:
        while True:
            time.sleep(EVERY_SECONDS)
            _sign()

    _sign()
    threading.Thread(target=signs, daemon=True).start()


def leave() -> None:
    """Take this process's own sign away."""
    known = read_object(SIGN)
    if known == _own():
        SIGN.unlink(missing_ok=True)


def elsewhere() -> Snakemake | None:
    """The Snakemake that works in this folder on another machine, as far as its signs tell; None where there is none."""
    known = read_object(SIGN)
    if known is None or known.get("host") == socket.gethostname():
        return None
    with tempfile.NamedTemporaryFile(dir=SIGN.parent) as probe:
        seconds = Path(probe.name).stat().st_mtime - SIGN.stat().st_mtime
    return Snakemake(known["host"], known["process"], seconds) if seconds < DEAD_SECONDS else None


def _own() -> dict[str, str | int]:
    return {"host": socket.gethostname(), "process": os.getpid()}


def _sign() -> None:
    """No harm where the disk takes nothing."""
    try:
        SIGN.parent.mkdir(exist_ok=True)
        write_atomically(SIGN, json.dumps(_own()))
    except OSError:
        return
