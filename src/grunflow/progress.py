"""A live bar on a terminal, a few lines in a log file, and the job's heartbeat."""

import logging
import sys
import time
from collections.abc import Iterator

from grunflow import job

log = logging.getLogger(__name__)


def track(total: int, label: str, log_every_seconds: float = 30.0, first: int = 0) -> Iterator[int]:
    """Yield first .. total - 1; a bar where stderr is a terminal, else a line in the log now and then."""
    running = job.current()
    if running and not running.lead:
        yield from range(first, total)
        return
    steps = _bar(total, label, first) if sys.stderr.isatty() else _logged(total, label, log_every_seconds, first)
    for step in steps:
        if running:
            running.beat(label, step, total, first)
        yield step


def _bar(total: int, label: str, first: int) -> Iterator[int]:
    from tqdm import tqdm

    yield from tqdm(range(first, total), desc=label, leave=False, mininterval=0.5, initial=first, total=total)


def _logged(total: int, label: str, log_every_seconds: float, first: int) -> Iterator[int]:
    started = said = time.monotonic()
    for step in range(first, total):
        yield step
        now = time.monotonic()
        if now - said >= log_every_seconds:
            said = now
            log.info("%s: %d of %d, %.0f s", label, step + 1, total, now - started)
