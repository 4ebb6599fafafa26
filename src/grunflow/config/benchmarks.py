"""A benchmark as specs hold it, and where its code is."""

from typing import Any, ClassVar

from pydantic import Field

from grunflow.config.base import NAME, Strict
from grunflow.config.facts import BENCHMARK, file_of, module_of
from grunflow.config.sets import Snapshots


class BenchmarkKeys(Strict):
    """Keys that every benchmark has."""

    snapshots: Snapshots | None = Field(None, description="snapshots of this benchmark's runs; null: the study's")

    # Keys that the prepared data do not depend on: another value prepares nothing again.
    LATER: ClassVar[frozenset[str]] = frozenset({"snapshots"})

    def prepared(self) -> dict[str, Any]:
        """The keys that the data follow from."""
        return {key: value for key, value in self.model_dump(mode="json").items() if key not in self.LATER}


class BenchmarkSpec(Strict):
    """A study's benchmark as specs hold it. keys: all of the kind's Keys, defaults filled in."""

    name: str = Field(pattern=NAME)
    kind: str
    keys: dict[str, Any] = {}


# What a benchmark's folder holds apart, so that an edit of its metrics prepares (and so trains) nothing again; a benchmark of
# one file holds both.
DECLARATION, PREPARATION = "declaration", "prepare"


def benchmark_module(kind: str, part: str) -> str:
    """The module that declares a kind of benchmark, or the one that prepares its data."""
    module = module_of(BENCHMARK, kind)
    return f"{module}.{part}" if file_of(BENCHMARK, kind).parent.name == kind else module
