"""Sequences: which runs a study makes of a method to unlearn in several requests, and what is scored after each.

Runs of one part of the forget set are shared by all sequences that ask for them; the whole of it, asked for at once, is the
method's run of the grid.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from grunflow.benchmarks.base import Benchmark
from grunflow.config import resolve, shown_specs, specs
from grunflow.config.runs import Part, Run
from grunflow.config.sets import Paired
from grunflow.config.study import Sequence
from grunflow.config.where import is_on


@dataclass(frozen=True)
class State:
    """What a method has come to after `step` requests of a sequence. of: its run of the grid. runs: one that is scored as any run
    is, or those whose edits are added up with `factor`."""

    sequence: str
    of: Run
    step: int
    runs: tuple[Run, ...]
    factor: float | None = None

    @property
    def path(self) -> str:
        """What is scored, below scores/ of the benchmark."""
        return self.runs[0].path if self.factor is None else f"{self.of.path}.{self.sequence}_{self.step}"


def by_question(benchmark: Benchmark) -> bool:
    """Whether the benchmark trains on questions, so that those of one part of the forget set are told apart."""
    return isinstance(benchmark.stream(False, "fresh", {}), Paired)


def fits(part: Part, run: Run, sequence: Sequence) -> bool:
    """Whether a method may unlearn so: only edits can be added up."""
    if sequence.how == "summed" and not part.edits(run):
        return False
    return by_question(part.benchmark) and is_on(part, run, sequence.where)


def states(part: Part) -> Iterator[State]:
    """Every state that is scored."""
    for name, sequence in part.study.sequences.items():
        for run in part.unlearned:
            if fits(part, run, sequence):
                yield from _states(name, sequence, run)


def _states(name: str, sequence: Sequence, run: Run) -> Iterator[State]:
    before: Run | None = None
    for step in range(1, sequence.requests + 1):
        if sequence.how == "summed":
            apart = tuple(asking(run, place, place + 1, sequence.requests) for place in range(step))
            yield State(name, run, step, apart, sequence.slope * step + sequence.constant)
        else:
            first = step - 1 if sequence.how == "stacked" else 0
            before = asking(replace(run, start=before), first, step, sequence.requests)
            yield State(name, run, step, (before,))
            before = before if sequence.how == "stacked" else None


def asking(run: Run, first: int, last: int, parts: int) -> Run:
    """The same method, asked to forget parts `first` to `last` of so many."""
    return run if last - first == parts else replace(run, requests=(first, last, parts))


def runs(part: Part) -> list[Run]:
    """Every run that a sequence needs beside the grid's, each after what it starts from."""
    found = dict.fromkeys(link for state in states(part) for run in state.runs for link in run.chain)
    return [run for run in found if run.requests is not None]


def evaluate(part: Part, state: State) -> specs.Evaluate:
    """The spec of the job that scores a state."""
    own = resolve.evaluate(part, state.runs[0])
    if state.factor is None:
        return own
    carriers = tuple(part.method(run).carrier for run in state.runs)
    return own.model_copy(update={"run": state.path, "carriers": carriers, "summed": state.factor})


def row(part: Part, state: State, known: shown_specs.RunRow) -> shown_specs.RequestRow:
    """known: the row of the method's run of the grid."""
    told = known.model_dump() | {"run": state.path}
    return shown_specs.RequestRow(
        **told, sequence=state.sequence, step=state.step, requests=part.study.sequences[state.sequence].requests
    )


def requested(part: Part) -> str:
    """The file of the forget set's rows, which requests are parts of."""
    stream = part.benchmark.stream(False, "fresh", {})
    assert isinstance(stream, Paired), "fits() lets no other benchmark in"
    return stream.forget
