"""Whether a Snakemake works in this folder, also from another machine: its main process leaves a sign of life there.

Its age is taken by the clock of the file system, which is one for all machines.
"""

import json
import os
import socket
import tempfile
import threading
from pathlib import Path
from typing import NamedTuple

from grunflow.errors import BadInput
from grunflow.job import read_object, write_atomically

SIGN = Path(".grunflow") / "snakemake.json"
EVERY_SECONDS, DEAD_SECONDS = 30.0, 300.0  # between two signs; after the last one of a process that is given up
_left, _threads = threading.Event(), list[threading.Thread]()


class Snakemake(NamedTuple):
    """seconds: since its last sign."""

    host: str
    process: int
    seconds: float


def announce() -> None:
    """Give a sign now, and another one now and then while this process lives."""

    def signs() -> None:
        while not _left.wait(EVERY_SECONDS):
            _sign()

    _left.clear()
    _sign()
    _threads.append(threading.Thread(target=signs, daemon=True))
    _threads[-1].start()


def leave() -> None:
    """Take this process's own sign away, and give no other."""
    _left.set()
    while _threads:
        _threads.pop().join()
    known = read_object(SIGN)
    if known == _own():
        SIGN.unlink(missing_ok=True)


def elsewhere() -> Snakemake | None:
    """The Snakemake that works in this folder on another machine, as far as its signs tell; None where there is none.

    Raises:
        BadInput: the folder takes no file, by which the file system's clock is read.
    """
    known = read_object(SIGN)
    if known is None or known.get("host") == socket.gethostname():
        return None
    try:
        with tempfile.NamedTemporaryFile(dir=SIGN.parent) as probe:
            seconds = Path(probe.name).stat().st_mtime - SIGN.stat().st_mtime
    except FileNotFoundError:  # it has just left
        return None
    except OSError as error:
        raise BadInput(
            f"{SIGN.parent}: takes no file ({error.strerror}), so that nobody knows whether {known['host']} still works here; mend that."
        ) from None
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
