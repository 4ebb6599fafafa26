"""What a finished study says of a run or a method, read from its folder: for commands that are asked outside of the workflow."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from grunflow.config.shown_specs import Tables
from grunflow.config.typed import typed
from grunflow.errors import BadInput
from grunflow.manifest import MANIFEST, read_manifest
from grunflow.reporting.columns import FORGET, columns
from grunflow.reporting.entries import PLAIN
from grunflow.reporting.forms import figure_text
from grunflow.reporting.results import Results, read
from grunflow.reporting.samples import Method, by_method, runs_of
from grunflow.reporting.seeds import said
from grunflow.reporting.tables.main import shown_figures
from grunflow.work import Work

DATA, RUNS, METRICS, TABLES, SCORES = "data", "runs", "metrics", "tables", "scores"
ANSWERS = "answers"  # the probe whose models write answers


class Place(NamedTuple):
    """Where a run lies: results/{study}/{benchmark}/runs/{path}. study: the folder."""

    study: Path
    benchmark: str
    path: str

    @property
    def benchmark_folder(self) -> Path:
        return self.study / self.benchmark


def place_of(run: Path) -> Place | None:
    """None of a folder that lies in no study."""
    whole = run.absolute()
    for parent in whole.parents:
        if parent.name == RUNS and len(parent.parents) > 2:
            return Place(parent.parent.parent, parent.parent.name, str(whole.relative_to(parent)))
    return None


def results_of(study: Path) -> tuple[Results, ...]:
    """The benchmarks of a study whose tables are made.

    Raises:
        BadInput: it has none yet.
    """
    if not (study / TABLES / MANIFEST).is_file():
        raise BadInput(f"{study}: has no finished tables; run snakemake, or name a study's folder, like results/demo.")
    spec = typed(Tables, read_manifest(study / TABLES)["spec"], f"{study / TABLES / MANIFEST}: spec")
    folders = [study / benchmark.name / METRICS for benchmark in spec.benchmarks]
    return read(spec, Work({"metrics": folders}, study))


class Figure(NamedTuple):
    """One figure of a method, over its seeds. lower: whether less of it is better; None where neither is. toward: the model that it is
    to come near."""

    name: str
    title: str
    value: float
    lo: float
    hi: float
    form: str

    @property
    def text(self) -> str:
        return figure_text(self.value, self.lo, self.hi, self.form)


class Row(NamedTuple):
    """What a benchmark's main table says of a method. seeds: the paths of its runs. note: what its caption says of the numbers."""

    method: Method
    runs: tuple[str, ...]
    figures: tuple[Figure, ...]
    note: str


def row_of(results: Results, run: str) -> Row | None:
    """Of the method that a run, named by its path, is one seed of; None where the study has no scores of it."""
    for method, rows in runs_of(results.metrics).items():
        if run in set(rows["run"]):
            return Row(
                method, tuple(rows["run"]), figures_of(results, method), f"{results.note} {said(results.metrics)}"
            )
    return None


def figures_of(results: Results, method: Method) -> tuple[Figure, ...]:
    """Those that people read, with 95 % intervals."""
    samples, found = by_method(results)[method], []
    for name, title, form in shown_figures(columns(results.benchmark, results.metrics)):
        if name in samples:
            found.append(Figure(name, title, *samples[name].interval(), form))
    return tuple(found)


class Known(NamedTuple):
    """A run with what its study says of its benchmark. run: as metrics name it."""

    place: Place
    results: Results
    run: str

    @property
    def row(self) -> Row:
        found = row_of(self.results, self.run)
        assert found is not None, "a Known run has scores"
        return found

    @property
    def rows(self) -> pd.DataFrame:
        """Its own row of metrics.parquet."""
        return self.results.metrics[self.results.metrics["run"] == self.run]

    @property
    def scores(self) -> Path:
        """Folder of its scores per example."""
        return self.place.benchmark_folder / SCORES / self.run / PLAIN


def known(run: Path) -> Known | None:
    """What the study of a run's folder says of it; None where it lies in none, or the study has no tables, or none with this run, yet."""
    place = place_of(run)
    if place is None or not (place.study / TABLES / MANIFEST).is_file():
        return None
    for results in results_of(place.study):
        if results.name == place.benchmark:
            named = [name for name in names_of(results, place) if name in set(results.metrics["run"])]
            return Known(place, results, named[0]) if named else None
    return None


def names_of(results: Results, place: Place) -> Sequence[str]:
    """What a run's folder may be called in metrics: by its path; a model without a split in its folder by its method and seed."""
    model, _, name = place.path.rpartition("/")
    rows: pd.DataFrame = results.metrics
    alike = rows.loc[rows["run"].str.startswith(f"{model}/") & rows["run"].str.endswith(f"/{name}"), "run"]
    return [place.path, *alike]


class Leak(NamedTuple):
    """A question of a forget set that the run still answers. scores: metric's title -> value."""

    set: str
    question: str
    answer: str
    generation: str
    scores: dict[str, float]


def leaks(known: Known, count: int) -> list[Leak]:
    """The questions of forget sets that a run knows best, by the sum of what methods are compared by; none of a benchmark whose models
    write no answers."""
    path = known.scores / f"{ANSWERS}.parquet"
    forget = [item.name for item in known.results.benchmark.sets if item.role == FORGET]
    metrics = [
        item
        for item in known.results.benchmark.metrics
        if item.per == "question" and item.compared and item.measures == "knowledge"
    ]
    asked = known.results.questions
    asked = asked[(asked["run"] == known.run) & asked["set"].isin(forget)]
    metrics = [item for item in metrics if item.name in asked and FORGET in item.roles]
    if not path.is_file() or not metrics or "generation" not in (texts := pd.read_parquet(path)):
        return []
    named = [item.name for item in metrics]
    worst = (
        asked.assign(known=asked[named].sum(axis=1)).sort_values("known", ascending=False, kind="stable").head(count)
    )
    found = worst[["set", "index", *named]].merge(
        texts[["set", "index", "question", "answer", "generation"]], on=["set", "index"]
    )
    return [
        Leak(
            row["set"],
            row["question"],
            row["answer"],
            row["generation"],
            {item.title: float(row[item.name]) for item in metrics},
        )
        for row in found.to_dict("records")
    ]


def plain(value: Any) -> Any:
    """For JSON, which has no nan: None wherever a number is not known."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def flat(value: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """{"a": {"b": 1}} -> {"a.b": 1}."""
    found: dict[str, Any] = {}
    for key, inner in value.items():
        found |= flat(inner, f"{before}{key}.") if isinstance(inner, dict) and inner else {f"{before}{key}": inner}
    return found
