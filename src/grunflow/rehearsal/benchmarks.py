"""What a kind of benchmark is in a rehearsal, in rehearsal/made_up/<kind>.py:

    def fewer(keys: Keys) -> dict               keys in place of the study's, with which there are few rows
    def made_up(keys: Keys) -> Repositories     made-up rows in the form of each repository that `prepare` would read

A kind without such a file reads what is local, and is rehearsed as it stands.
"""

import importlib
from importlib.util import find_spec
from typing import Any

from grunflow.benchmarks.base import keys_of
from grunflow.config.benchmarks import BenchmarkSpec

# Repository -> configuration -> split -> rows.
Repositories = dict[str, dict[str, dict[str, list[dict[str, Any]]]]]


def fewer(spec: BenchmarkSpec) -> dict[str, Any]:
    return _asked(spec, "fewer")


def made_up(spec: BenchmarkSpec) -> Repositories:
    return _asked(spec, "made_up")


def _asked(spec: BenchmarkSpec, function: str) -> dict[str, Any]:
    name = f"grunflow.rehearsal.made_up.{spec.kind}"
    if find_spec(name) is None:
        return {}
    return getattr(importlib.import_module(name), function)(keys_of(spec.kind)(**spec.keys))
