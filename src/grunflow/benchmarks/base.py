"""What a benchmark is: a declaration that jobs, stages and tables read, whatever its name.

A benchmark is one file of this package, or a folder with declaration.py (the first two) and prepare.py (first and last), with

    class Keys(BenchmarkKeys)               what a study may set under `benchmarks:`
    def declare(keys: Keys) -> Benchmark    sets, probes, metrics, what training reads and starts from
    def prepare(keys: Keys, vocabulary: int, out: Path) -> dict     writes sets/*.jsonl and whatever training reads

No torch here: the Snakefile reads it.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from grunflow.config.benchmarks import DECLARATION, BenchmarkKeys, BenchmarkSpec, benchmark_module
from grunflow.config.facts import BENCHMARK, file_of
from grunflow.config.sets import DataSet, ProbeSpec, StreamSpec

if TYPE_CHECKING:
    import numpy as np

# Models that no method trained, and that methods are held against: rows of every table.
TARGET, RETAIN, BASE = REFERENCES = ("target", "retain", "base")
# What stands for the kind of carrier of finished models of others: rows of the same tables, held against references and nothing else.
EXTERNAL = "external"


class Lengths(NamedTuple):
    """Tokens of what training and evaluation read, for plans: mean prompt and answer, padded over real ones in a batch,
    longest row; answers: of an evaluated question, where they are fewer than the probe says; refusal: mean one (of the authors' hundred,
    under SmolLM2's tokenizer)."""

    prompt: int
    answer: int
    padded: float
    longest: int
    answers: int | None = None
    refusal: int = 10


@dataclass(frozen=True)
class RunScores:
    """What a metric of a whole run is computed from.

    questions: the run's per-question metrics (set, index, a column per metric). frames: probe -> its output. references:
    role -> the same of the model that the metric is held against.
    """

    questions: Any
    frames: Mapping[str, Any]
    references: Mapping[str, "RunScores"] = field(default_factory=dict)


@dataclass(frozen=True)
class Metric:
    """One figure of a run.

    name: its column, behind `<set>_` where it is one of single questions. of: per question (rows of one set of the probe's
    output, role) -> a value each; per run RunScores -> a number, nan where there is none. measures: what a high value says
    (`knowledge`: bad on the forget set, good elsewhere; `quality`: good; `distance`: bad; `nothing`). roles: of the sets that it
    is taken of. reference: the model that it needs beside the run. interval: where its 95 % interval comes from; `range` over
    seeds (p-values); `count`: a number of things, without one. sample: what a figure of whole runs varies with: (set, metric or
    kept name) -> array (seeds, questions), and with a reference the same of it -> arrays (seeds, questions), one for each
    independent set of questions, whose means the figure follows to first order. joined: of a figure that rises with means, but
    not linearly: (those means, each (..., 1) or alike) -> figure, and (set, metric) of each. change: column, behind `<set>_`, of its paired difference to the reference row.
    shown: roles of the sets on which readers' tables hold it ("run" for one of whole runs). compared: whether methods are held
    against each other by it. needs: column of the probe's output without which (or with an empty list in it) it is left out.
    keeps: name and values of something per question that a metric of whole runs compares, kept beside the questions' metrics.
    """

    name: str
    title: str
    of: Callable[..., Any]
    per: Literal["question", "run"] = "question"
    measures: Literal["knowledge", "quality", "distance", "nothing"] = "knowledge"
    roles: tuple[str, ...] = ("forget", "keep", "world")
    probe: str = "answers"
    reference: str = ""
    interval: Literal["questions", "seeds", "range", "count"] = "questions"
    sample: "Callable[..., tuple[np.ndarray, ...]] | None" = None
    joined: tuple[Callable[..., Any], tuple[tuple[str, str], ...]] | None = None
    change: str = ""
    shown: tuple[str, ...] = ()
    compared: bool = False
    needs: str = ""
    keeps: tuple[str, Callable[[Any, str], Any]] | None = None
    bounds: tuple[float, float] = (0.0, 1.0)

    def lower_is_better(self, role: str = "") -> bool:
        """Direction on a set of this role."""
        return self.measures == "distance" or (self.measures == "knowledge" and role == "forget")


@dataclass(frozen=True)
class Benchmark:
    """title: in captions. split: of the forget set, where there are several. start: what unlearning starts from, `target` or `base`. references:
    models that are scored beside the methods; all but `base` are fine-tuned. training: role of a fine-tuned model -> files
    that it is trained on (`base`: of a model from scratch). stream: what unlearning reads, by whether the carrier edits
    representations, how retain rows are sampled, and what overrides set of `texts`. probes: put to every run.
    snapshot: put to a run on its way. roles of sets: see DataSet. files: what `prepare` reads that no job made. origin: what
    the numbers were made from, for captions, by what its models are called (empty: they are from scratch). rows: file below
    the data folder -> rows, for plans; own_lengths: of the sets (by name) whose questions are unlike the rest; tasks: of a set that is a
    group of lm-eval's how many it has, each of which a probe's `limit` cuts. chance: accuracy of
    guessing, where the answers are options. note: a sentence without its full stop, for the main table. left_out: what these data do
    not let us measure, each with the reason; in every caption, and told when a study is read.
    """

    kind: str
    title: str
    keys: BenchmarkKeys
    start: str
    references: tuple[str, ...]
    training: Mapping[str, "Finetuning"]
    stream: Callable[[bool, str, Mapping[str, Any]], StreamSpec]
    probes: tuple[ProbeSpec, ...]
    metrics: tuple[Metric, ...]
    origin: Callable[[str], str]
    rows: Mapping[str, int]
    lengths: Lengths
    own_lengths: Mapping[str, Lengths] = field(default_factory=dict)
    tasks: Mapping[str, int] = field(default_factory=dict)
    split: str = ""
    snapshot: Callable[[int], ProbeSpec] | None = None
    files: tuple[str, ...] = ()
    chance: float | None = None
    note: str = ""
    left_out: tuple[str, ...] = ()

    @property
    def sets(self) -> tuple[DataSet, ...]:
        """Every set that a probe is put to, once, in order."""
        return tuple({item.name: item for probe in self.probes for item in probe.sets}.values())


@dataclass(frozen=True)
class Finetuning:
    """What a fine-tuned model reads below the data folder. files: all of them; replay: rows of which the model's `replayed`
    are drawn; scratch_only: files that only a model from scratch reads; split: whether it depends on the forget split."""

    files: tuple[str, ...]
    scratch_only: tuple[str, ...] = ()
    replay: str = ""
    split: str = ""


def declared(spec: BenchmarkSpec) -> Benchmark:
    """The declaration behind a study's benchmark."""
    module = importlib.import_module(benchmark_module(spec.kind, DECLARATION))
    return module.declare(module.Keys(**spec.keys))


def keys_of(kind: str) -> type[BenchmarkKeys]:
    """The Keys of a kind of benchmark.

    Raises:
        BadInput: there is no such kind.
    """
    file_of(BENCHMARK, kind)
    return importlib.import_module(benchmark_module(kind, DECLARATION)).Keys


def forgetting(benchmark: Benchmark) -> Metric | None:
    """The metric along which forgetting is followed: of those of single questions that methods are compared by, the one that
    is declared last (the finest: a probability after an overlap of words)."""
    fit = [
        item for item in benchmark.metrics
        if item.per == "question" and item.measures == "knowledge" and item.compared and "forget" in item.roles
    ]  # fmt: skip
    return fit[-1] if fit else None
