"""The global random generators, left as they were."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


def in_use() -> list[int]:
    """The GPU that this process computes on, if any. `fork_rng` by itself copies the states of every GPU of the machine, wakes
    each of them for that, and warns where they are several."""
    return [torch.cuda.current_device()] if torch.cuda.is_available() else []


@contextmanager
def forked() -> Iterator[None]:
    """What is drawn inside moves no generator outside."""
    with torch.random.fork_rng(devices=in_use()):
        yield
