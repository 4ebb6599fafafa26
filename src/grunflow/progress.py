"""A live bar on a terminal, a few lines in a log file."""

import logging
import sys
import time
from collections.abc import Iterator

log = logging.getLogger(__name__)


def track(total: int, label: str, log_every_seconds: float = 30.0) -> Iterator[int]:
    """Yield 0 .. total - 1; a bar where stderr is a terminal, else a line in the log now and then."""
    if sys.stderr.isatty():
        from tqdm import tqdm

        yield from tqdm(range(total), desc=label, leave=False, mininterval=0.5)
        return
    started = said = time.monotonic()
    for step in range(total):
        yield step
        now = time.monotonic()
        if now - said >= log_every_seconds:
            said = now
            log.info("%s: %d of %d, %.0f s", label, step + 1, total, now - started)
