"""Which retain row goes with which forget row."""

from collections.abc import Callable, Iterator

import torch

from grunflow.data.batching import epoch_order


def fixed_partner(forget_index: int, n_retain: int) -> int:
    """The authors' pairing: one retain row per forget row for all epochs (b59fd78, pyreft/dataset.py).

    They reseed the global generator by the index at every fetch; here a generator of its own gives the same number.
    """
    drawn = torch.randint(0, n_retain, (1,), generator=torch.Generator().manual_seed(forget_index))
    return (forget_index + int(drawn)) % n_retain


def partners(kind: str, n_forget: int, n_retain: int) -> list[int]:
    """Retain rows that a run may read: of fixed partners those alone."""
    if kind == "fixed_partner":
        return sorted({fixed_partner(index, n_retain) for index in range(n_forget)})
    return list(range(n_retain))


def endless(rows: int, generator: torch.Generator) -> Iterator[int]:
    """Row numbers without end, a fresh order each pass."""
    while True:
        yield from epoch_order(rows, generator)


def pairing(kind: str, n_retain: int, generator: torch.Generator) -> Callable[[int], int]:
    """Forget index -> retain index: `fixed_partner`, or `fresh`, which visits every retain row in turn."""
    if kind == "fixed_partner":
        return lambda index: fixed_partner(index, n_retain)
    rows = endless(n_retain, generator)
    return lambda index: next(rows)
