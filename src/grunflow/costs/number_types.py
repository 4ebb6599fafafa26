"""How this CPU computes in bf16: some have instructions for it, on others a library puts float32 in its place, at many times the cost."""

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

WIDTH = 256  # of the product that is timed: milliseconds, and far above the cost of a call
TRIES = 4


def bf16_slowdown() -> float:
    """Seconds of a product of two bf16 matrices over those of float32 ones, the least of a few tries each, on one thread."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return _seconds(torch.ones(WIDTH, WIDTH, dtype=torch.bfloat16)) / _seconds(torch.ones(WIDTH, WIDTH))
    finally:
        torch.set_num_threads(threads)


def _seconds(matrix: "Tensor") -> float:
    matrix @ matrix  # the first call sets up
    taken = []
    for _ in range(TRIES):
        started = time.perf_counter()
        matrix @ matrix
        taken.append(time.perf_counter() - started)
    return min(taken)
