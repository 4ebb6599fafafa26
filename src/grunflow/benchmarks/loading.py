"""A benchmark's own code, by its kind."""

import importlib
from pathlib import Path
from typing import Any

from grunflow.config.benchmarks import PREPARATION, BenchmarkSpec, benchmark_module


def prepare(spec: BenchmarkSpec, vocabulary: int, out: Path) -> dict[str, Any]:
    """Write the benchmark's data; what was measured."""
    module = importlib.import_module(benchmark_module(spec.kind, PREPARATION))
    return module.prepare(module.Keys(**spec.keys), vocabulary, out)
