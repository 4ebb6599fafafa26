"""Write a benchmark's data: sets, what training reads, a tokenizer for models from scratch (benchmarks/<kind>)."""

from typing import Any

from grunflow.benchmarks.loading import prepare
from grunflow.config.specs import Prepare
from grunflow.work import Work


def run(spec: Prepare, work: Work) -> dict[str, Any]:
    """The one schema of sets/<name>.jsonl, and files that the benchmark's stream and fine-tuning read."""
    return prepare(spec.benchmark, spec.vocabulary, work.out)
