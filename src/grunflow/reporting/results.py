"""The metrics of a study's benchmarks, as tables, figures and the report read them."""

from functools import cached_property
from pathlib import Path

import pandas as pd

from grunflow.benchmarks.base import Benchmark, declared
from grunflow.config.benchmarks import BenchmarkSpec
from grunflow.config.shown_specs import AbsentRun, Shown
from grunflow.reporting import absence
from grunflow.reporting.entries import PLAIN
from grunflow.reporting.external import is_external, own
from grunflow.work import Work

TEXTS = ("split", "objective", "carrier", "carrier_kind", "variant", "condition", "access", "point")


class Results:
    """One benchmark's folder of metrics (stages/aggregate.py).

    Args:
        origin: what made the numbers; a part of every caption.
        selection: how rates were chosen; another.
        absent: runs of the study that have no result; another.
    """

    def __init__(
        self,
        spec: BenchmarkSpec,
        origin: str,
        folder: Path,
        selection: str = "",
        absent: tuple[AbsentRun, ...] = (),
    ) -> None:
        self.selection, self.absent = selection, absent
        self.name, self.kind, self.origin, self.folder = spec.name, spec.kind, origin, folder
        self.benchmark: Benchmark = declared(spec)
        self._frames: dict[str, pd.DataFrame] = {}

    def frame(self, name: str) -> pd.DataFrame:
        """A parquet file; without rows or columns where the benchmark has none of it."""
        if name not in self._frames:
            path = self.folder / f"{name}.parquet"
            found = pd.read_parquet(path) if path.is_file() else pd.DataFrame()
            if "condition" in found and "point" not in found:  # written before runs were attacked
                found["point"] = ""
            if "strength" in found:  # of no row known: Parquet holds no type for it
                found["strength"] = found["strength"].astype(float)
            self._frames[name] = found.fillna({column: "" for column in TEXTS if column in found})
        return self._frames[name]

    @property
    def every(self) -> pd.DataFrame:
        """A row per run and condition, and number of steps of an attack, of the study's own models."""
        rows = own(self.frame("metrics"))
        return rows[rows["request"].isna()] if "request" in rows else rows

    @property
    def requested(self) -> pd.DataFrame:
        """A row per method, step of a sequence of requests, and request; none without a sequence."""
        rows = own(self.frame("metrics"))
        return rows[rows["request"].notna()] if "request" in rows else rows.iloc[:0]

    @property
    def sequences(self) -> bool:
        return len(self.requested) > 0

    @property
    def shown(self) -> pd.DataFrame:
        """A row per run that main tables show: the study's own as they are, then finished models of others."""
        rows = self.frame("metrics")
        return pd.concat([self.metrics, rows[is_external(rows)]])

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """A row per run, scored as it is."""
        return self.every[self.every["condition"] == PLAIN]

    @cached_property
    def questions(self) -> pd.DataFrame:
        """Single questions of the runs, scored as they are."""
        frame = self.frame("questions")
        return frame[frame["condition"] == PLAIN]

    @property
    def carriers(self) -> tuple[str, ...]:
        return tuple(name for name in dict.fromkeys(self.every["carrier"]) if name)

    @property
    def variants(self) -> bool:
        return bool((self.every["variant"] != "").any())

    @property
    def conditions(self) -> bool:
        return bool((self.every["condition"] != PLAIN).any())

    @property
    def attacks(self) -> bool:
        return bool((self.every["point"] != "").any())  # of sequences `every` has no row

    @property
    def snapshots(self) -> bool:
        return len(self.frame("snapshot_scores")) > 0

    @property
    def title(self) -> str:
        """The benchmark's, with the study's name for it where that is another."""
        return self.benchmark.title if self.name == self.kind else f"{self.benchmark.title} ({self.name})"

    @property
    def note(self) -> str:
        """Which models made it, how rates were chosen, what is left out and what is absent, in every caption: nobody is to read a tiny
        study as the paper's result, a choice made on the very questions as one made on others, or part of a study as the whole."""
        known = self.metrics.dropna(subset="model_parameters").drop_duplicates("model")
        sizes = ", ".join(f"{row.model}: {int(row.model_parameters):,} parameters" for row in known.itertuples())  # type: ignore[call-overload]
        told = f"{self.origin} ({sizes})." if sizes else f"{self.origin}."
        return " ".join(filter(None, (told, self.selection, self.left_out, absence.sentence(self.absent))))

    @property
    def left_out(self) -> str:
        """What could not be measured on the benchmark's data, and why."""
        return f"Left out: {'; '.join(self.benchmark.left_out)}." if self.benchmark.left_out else ""


def read(spec: Shown, work: Work) -> tuple[Results, ...]:
    """The study's benchmarks in order."""
    folders = zip(spec.benchmarks, work.inputs["metrics"], strict=True)
    return tuple(
        Results(
            benchmark,
            spec.origins[benchmark.name],
            folder,
            spec.selection.get(benchmark.name, ""),
            tuple(run for run in spec.absent if run.benchmark == benchmark.name),
        )
        for benchmark, folder in folders
    )


def notes(results: tuple[Results, ...]) -> str:
    """The notes of several benchmarks in a row, each with its benchmark's title; of one its note."""
    if len(results) == 1:
        return results[0].note
    return " ".join(f"{item.title}: {item.note}" for item in results)
