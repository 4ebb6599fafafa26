"""Peak memory of one engine: `python -m benchmarks.memory ENGINE WORK LENGTHS` prints bytes above the loaded model's.

A process of its own for each figure: a peak cannot be taken back. Linux counts it (VmHWM), and resets it on request.
"""

import gc
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import torch

from benchmarks import engines, evaluation, full_training
from benchmarks.engines import Size
from benchmarks.lengths import examples

ROWS, BATCH, STEPS, QUESTIONS = 64, 16, 3, 16


def _high_water() -> int:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


def growth(size: Size, engine: str, work: str, lengths: str, reference: str | None) -> int:
    """Bytes by which the peak exceeds what the process holds with the model loaded; the cache's making included."""
    model = engines.model_of(size).requires_grad_(False)
    sets = evaluation.question_sets(lengths, 1, QUESTIONS, size.vocabulary)
    forget, retain = (examples(lengths, ROWS, size.vocabulary, seed) for seed in (11, 12))
    theirs = engines.authors_model(reference, size, model) if engine == "authors" and reference else None
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    before = _high_water()
    if work == "tofu_evaluation":
        ask = evaluation.authors(theirs, size) if theirs else evaluation.ours(size, model, engine)
        ask(sets[0])
    else:
        made = (
            full_training.step_of(model, forget, engine)
            if work == full_training.WORK
            else engines.authors(theirs, size, work, forget, retain)
            if theirs
            else getattr(engines, engine)(size, model, work, forget, retain)
        )
        for start in range(STEPS):
            made(list(range(start, start + BATCH)))
    return _high_water() - before


def measured(engine: str, work: str, lengths: str) -> int:
    """The same in a fresh process, at bench.py's first size."""
    command = [sys.executable, "-m", "benchmarks.memory", engine, work, lengths]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout.split()[-1])


def main() -> None:
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    print(growth(Size(256, 8, (5, 6, 7)), *sys.argv[1:4], os.environ.get("GRUN_REF")))


if __name__ == "__main__":
    main()
