"""What a table or a figure is to those who ask for one by name: which benchmarks it is made of, and who makes it.

The same entries are read when the study is (which files will there be?) and by the stage (what makes this file?). Neither
matplotlib nor pandas here: a maker imports its module when it is called.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol, runtime_checkable

from grunflow.benchmarks.base import RETAIN, TARGET, Benchmark, forgetting
from grunflow.config.shown_specs import RunRow
from grunflow.reporting.columns import FORGET, KEEP

CAPTION = "Description"  # of a PNG's text, the PNG specification's own word: there a figure carries its caption
PLAIN = RunRow.model_fields["condition"].default  # the condition under which every run is scored


@runtime_checkable
class Source(Protocol):
    """What is known of one benchmark of a study, before and after its runs. conditions: whether runs are scored under others
    than the plain one, or attacked (attacks). sequences: whether methods were put to requests in turn. snapshots: whether runs were
    asked on their way."""

    @property
    def name(self) -> str: ...
    @property
    def benchmark(self) -> Benchmark: ...
    @property
    def carriers(self) -> tuple[str, ...]: ...
    @property
    def variants(self) -> bool: ...
    @property
    def conditions(self) -> bool: ...
    @property
    def attacks(self) -> bool: ...
    @property
    def sequences(self) -> bool: ...
    @property
    def snapshots(self) -> bool: ...


Sources = tuple[Any, ...]  # each a Source


def leaves_paths(source: Source) -> bool:
    """Whether its runs are asked on their way, both of what is to be forgotten and of what is to be kept."""
    benchmark = source.benchmark
    if not source.snapshots or benchmark.snapshot is None or forgetting(benchmark) is None:
        return False
    return {FORGET, KEEP} <= {item.role for item in benchmark.snapshot(1).sets}


def knows_and_never_knew(source: Source) -> bool:
    """Whether models that learnt what is to be forgotten stand beside such that did not."""
    return not source.variants and {TARGET, RETAIN} <= set(source.benchmark.references)


def relearns(source: Source) -> bool:
    """Whether its runs were attacked, and what they forgot can be followed."""
    return source.attacks and forgetting(source.benchmark) is not None


@dataclass(frozen=True)
class Entry:
    """name: of its file; `{benchmark}` in it stands for the benchmark's. make: what makes it, from the sources that it is of.
    applies: whether a benchmark has what it shows. wanted: whether a study (or a spec of one) asks for it. together: one over
    all benchmarks to which it applies, in place of one each. each: names of files that a study itself lists, whose maker is told
    which. said: what a reader should know of it."""

    name: str
    make: Callable[..., Any]
    applies: Callable[[Any], bool] = lambda source: True
    wanted: Callable[[Any], bool] = lambda study: True
    together: bool = False
    each: Callable[[Any], Iterable[str]] | None = None
    said: str = ""

    def listed_by(self, study: Any) -> "list[Entry]":
        """The entry, or one for each name that the study lists."""
        if self.each is None:
            return [self]
        return [replace(self, name=name, make=partial(self.make, name), each=None) for name in self.each(study)]

    def places(self, sources: Iterable[Source]) -> dict[str, Sources]:
        """File -> sources. Where each benchmark has its own and the name does not say whose, the first has the bare name, and
        the others theirs before it."""
        found = tuple(source for source in sources if self.applies(source))
        if self.together:
            return {self.name: found} if found else {}
        named = "{benchmark}" in self.name
        return {
            self.name.format(benchmark=source.name) if named or not place else f"{source.name}_{self.name}": (source,)
            for place, source in enumerate(found)
        }


def listed(entries: Sequence[Entry], study: Any, sources: Sequence[Source]) -> dict[str, tuple[Entry, Sources]]:
    """Every file of a study by its name: what makes it, of which sources; in the entries' order."""
    wanted = [own for entry in entries if entry.wanted(study) for own in entry.listed_by(study)]
    return {name: (entry, own) for entry in wanted for name, own in entry.places(sources).items()}
