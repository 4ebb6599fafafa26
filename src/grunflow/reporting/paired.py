"""Two runs, or two studies, against each other: settings that differ, and paired differences of what was measured."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from grunflow.errors import BadInput
from grunflow.manifest import MANIFEST, finished_folders, read_manifest
from grunflow.reporting.columns import columns
from grunflow.reporting.entries import PLAIN
from grunflow.reporting.finished import DATA, RUNS, SCORES, Known, flat, known, results_of
from grunflow.reporting.intervals import Interval, Sample
from grunflow.reporting.results import Results
from grunflow.reporting.samples import SEEDS, Method, of_method, runs_of
from grunflow.reporting.seeds import source


class Difference(NamedTuple):
    """One figure of two methods, and second minus first with its 95 % interval. seeds: that both have a result of."""

    benchmark: str
    name: str
    figure: str
    title: str
    seeds: int
    first: float
    second: float
    difference: float
    lo: float
    hi: float
    interval: str


def of_runs(first: Known, second: Known) -> list[Difference]:
    """Two runs, paired by question.

    Raises:
        BadInput: they were asked different questions.
    """
    asked = [questions_of(item.scores, item.place.benchmark_folder / DATA) for item in (first, second)]
    if asked[0] != asked[1]:
        raise BadInput(
            f"{first.run} and {second.run} were asked different questions: nothing can be paired; `grunflow show` tells each."
        )
    name = f"{second.run} - {first.run}"
    return list(differences(name, (first.results, first.rows), (second.results, second.rows)))


def of_studies(first: Path, second: Path) -> Iterator[Difference]:
    """Methods of one name in both, paired by seeds and questions; those of other questions are left out."""
    theirs = {results.name: results for results in results_of(second)}
    for results in results_of(first):
        other = theirs.get(results.name)
        groups = runs_of(other.metrics) if other else {}
        for method, rows in runs_of(results.metrics).items():
            mine, yours = shared(rows, groups.get(method, rows[:0]))
            asked = [
                questions_of(study / results.name / SCORES / rows.iloc[0]["run"] / PLAIN, study / results.name / DATA)
                for study, rows in ((first, mine), (second, yours))
                if len(rows)
            ]
            if other and len(asked) == 2 and asked[0] == asked[1]:
                yield from differences(called(method), (results, mine), (other, yours))


def called(method: Method) -> str:
    return " ".join(filter(None, (method.model, method.split, method.objective, method.carrier, method.variant)))


def shared(first: pd.DataFrame, second: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of the seeds that both have, in one order."""
    keys = [list(zip(*(rows[name].fillna(-1) for name in SEEDS), strict=True)) for rows in (first, second)]
    both = set(keys[0]) & set(keys[1])
    return tuple(
        rows[[key in both for key in own]].sort_values(SEEDS) for rows, own in zip((first, second), keys, strict=True)
    )  # type: ignore[return-value]


def questions_of(scores: Path, data: Path) -> Any:
    """What says which questions were asked: the sets as they lie in the benchmark's data, and which rows of them a scoring took."""
    sets = {name: checksum for name, checksum in read_manifest(data)["outputs"].items() if name.startswith("sets/")}
    return read_manifest(scores)["spec"].get("probes"), sets


def differences(
    name: str, first: tuple[Results, pd.DataFrame], second: tuple[Results, pd.DataFrame]
) -> Iterator[Difference]:
    """Of rows of metrics.parquet in one order. Figures that are no means, as p-values, have none."""
    results = first[0]
    samples = [of_method(of, Method(*rows.iloc[0][list(Method._fields)]), rows) for of, rows in (first, second)]
    for column in columns(results.benchmark, first[1]):
        mine, yours = (sample.get(column.name) for sample in samples)
        if column.shown and isinstance(mine, Sample) and isinstance(yours, Sample):
            apart: Interval = yours.minus(mine).interval()
            seeds = len(mine.per_seed)
            yield Difference(
                results.name, name, column.name, column.heading, seeds, float(mine.per_seed.mean()), float(yours.per_seed.mean()),
                *apart, source(seeds),
            )  # fmt: skip


def settings(first: Path, second: Path) -> list[dict[str, Any]]:
    """Keys of specs that differ, each with both values: of two runs, or of the runs of one name in two studies, alike ones together."""
    pairs = {first.name: (first, second)} if is_run(first) else dict(runs_in_both(first, second))
    found: list[dict[str, Any]] = []
    for name, folders in pairs.items():
        mine, yours = (flat(read_manifest(folder)["spec"]) for folder in folders)
        keys = {
            key: [mine.get(key), yours.get(key)]
            for key in dict.fromkeys((*mine, *yours))
            if mine.get(key) != yours.get(key)
        }
        known = next((item for item in found if item["keys"] == keys), None)
        if known:
            known["runs"].append(name)
        elif keys:
            found.append({"keys": keys, "runs": [name]})
    return found


def runs_in_both(first: Path, second: Path) -> Iterator[tuple[str, tuple[Path, Path]]]:
    theirs = run_folders(second)
    for name, folder in run_folders(first).items():
        if name in theirs:
            yield name, (folder, theirs[name])


def run_folders(study: Path) -> dict[str, Path]:
    """Below the study -> folder, of everything that was trained."""
    found = (folder for part in sorted(study.glob(f"*/{RUNS}")) for folder in finished_folders(part))
    return {str(folder.relative_to(study)): folder for folder in found}


def is_run(folder: Path) -> bool:
    return (folder / MANIFEST).is_file()


def known_run(folder: Path) -> Known:
    """Raises BadInput where its study says nothing of it."""
    found = known(folder)
    if found is None:
        raise BadInput(f"{folder}: no scores of it; it lies in no study whose tables are made. Run snakemake first.")
    return found
