"""The figures of a benchmark as columns, with what its declaration says of each: title, direction, whether people read it."""

from collections.abc import Iterable
from typing import NamedTuple

from grunflow.benchmarks.base import RETAIN, Benchmark, Metric
from grunflow.config.sets import DataSet

FORGET, KEEP = "forget", "keep"  # roles of sets
RUN = "run"  # where a metric's `shown` names roles: the metric is of whole runs


class Column(NamedTuple):
    """One figure. set, role: of the questions that it is taken over; empty for one of whole runs. toward: the model that it is to
    come near, where nothing is gained by going further: a model that never learnt what was to be forgotten."""

    name: str
    title: str
    metric: Metric
    set: str = ""
    role: str = ""
    toward: str = ""

    @property
    def lower(self) -> bool:
        return self.metric.lower_is_better(self.role)

    @property
    def heading(self) -> str:
        """The title with its direction, where there is one: less, more, or towards a model's."""
        if self.directed and self.toward:
            return f"{self.title} → {self.toward}"
        return f"{self.title} {'↓' if self.lower else '↑'}" if self.directed else self.title

    @property
    def directed(self) -> bool:
        """Whether less or more of it is better."""
        return self.metric.measures != "nothing"

    @property
    def change_heading(self) -> str:
        return f"{set_title(self.set)} {self.metric.change}"

    @property
    def shown(self) -> bool:
        return (self.role or RUN) in self.metric.shown

    @property
    def compared(self) -> bool:
        """Whether carriers are held against each other by it; of sets, on those that people read."""
        return self.metric.compared and (self.shown or not self.set)

    @property
    def change(self) -> str:
        """The column of its difference to the reference model; empty where there is none."""
        return f"{self.set}_{self.metric.change}" if self.metric.change else ""


def set_title(name: str) -> str:
    """`real_authors` -> `Real authors`."""
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def of_sets(
    sets: Iterable[DataSet], metrics: Iterable[Metric], have: Iterable[str], references: Iterable[str] = ()
) -> list[Column]:
    """Metrics of single questions on the sets of their roles, as far as there are such columns; set by set."""
    there = set(have)
    toward = {FORGET: RETAIN} if RETAIN in references else {}
    every = [
        Column(f"{item.name}_{metric.name}", f"{set_title(item.name)} {metric.title}", metric, item.name, item.role,
               toward.get(item.role, ""))
        for item in sets
        for metric in metrics
        if metric.per == "question" and item.role in metric.roles
    ]  # fmt: skip
    return [column for column in every if column.name in there]


def columns(benchmark: Benchmark, have: Iterable[str]) -> list[Column]:
    """Every figure of which metrics.parquet has the column: those of sets, then those of whole runs, as declared."""
    there = set(have)
    of_runs = [
        Column(item.name, item.title, item) for item in benchmark.metrics if item.per == "run" and item.name in there
    ]
    return [*of_sets(benchmark.sets, benchmark.metrics, there, benchmark.references), *of_runs]


def on_the_way(benchmark: Benchmark, have: Iterable[str]) -> list[Column]:
    """Figures that say what is known, on the sets that snapshots ask."""
    assert benchmark.snapshot is not None, "only runs of a benchmark with snapshots leave any"
    known = [metric for metric in benchmark.metrics if metric.measures == "knowledge"]
    return of_sets(benchmark.snapshot(1).sets, known, have)


def utility(benchmark: Benchmark) -> Metric | None:
    """The metric that says in one number how good a whole run still is."""
    return next(
        (item for item in benchmark.metrics if item.per == RUN and item.measures == "quality" and item.compared), None
    )


def axis_title(column: Column) -> str:
    """As a figure's axis says it, written out: `Forget Probability`."""
    return f"{set_title(column.set)} {set_title(column.metric.name)}" if column.set else column.title
