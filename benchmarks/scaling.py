"""How the fast path's cost grows: with examples in a step, and with tokens of an answer."""

import statistics
import time

import torch

from benchmarks import engines
from benchmarks.engines import Size
from benchmarks.lengths import examples
from grunflow.data.prompts import Example

STEPS = 7


def _seconds(size: Size, rows: list[Example]) -> float:
    """Median CPU seconds of a GRUN-GD step whose forget and retain rows are `rows`."""
    step = engines.fast(size, engines.model_of(size).requires_grad_(False), "grun_gd_training", rows, rows)
    taken = []
    for _ in range(STEPS):
        started = time.process_time()
        step(list(range(len(rows))))
        taken.append(time.process_time() - started)
    return statistics.median(taken[1:])


def measure(size: Size) -> list[dict]:
    """A row per size of a step: what grows, how many, seconds, and seconds for each one of them."""
    found = []
    for count in (8, 16, 32, 64):
        rows = examples("forget05", count, size.vocabulary, 3)
        found.append({"grows": "examples", "count": count, "seconds": _seconds(size, rows)})
    generator = torch.Generator().manual_seed(3)
    for tokens in (32, 64, 128, 256):
        ids = torch.randint(3, size.vocabulary, (16, 28 + tokens), generator=generator).tolist()
        rows = [Example(row, 28) for row in ids]
        found.append({"grows": "answer_tokens", "count": tokens, "seconds": _seconds(size, rows)})
    return [
        {**row, "seconds": round(row["seconds"], 4), "each": round(row["seconds"] / row["count"], 6)} for row in found
    ]
