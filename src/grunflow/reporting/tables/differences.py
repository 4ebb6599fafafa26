"""Table <benchmark>_differences: paired differences between carriers, on which bold cells and claims rest."""

from itertools import combinations

import pandas as pd

from grunflow.reporting.columns import Column, columns
from grunflow.reporting.forms import Table, figure_column, put, without_empty
from grunflow.reporting.intervals import METHOD as INTERVALS
from grunflow.reporting.intervals import Sample
from grunflow.reporting.results import Results
from grunflow.reporting.samples import blocks, by_method, over_shared_seeds, runs_of
from grunflow.reporting.seeds import QUESTIONS_ONLY, replicates, said, source

IDENTITY = [
    "model",
    "split",
    "objective",
    "variant",
    "carrier",
    "carrier_kind",
    "against",
    "against_kind",
    "seeds",
    "interval",
    "replicates",
]


def compared(results: Results) -> list[Column]:
    """Figures whose paired difference is of interest: what is forgotten, what is kept."""
    return [column for column in columns(results.benchmark, results.metrics) if column.compared]


def differences(results: Results) -> pd.DataFrame:
    """One row per model, split, objective and pair of carriers: figure of `carrier` minus that of `against`, paired by
    seed and question, with _lo and _hi. Of a pair, `carrier` is the one that comes later in the study's grid."""
    rows, names = [], [column.name for column in compared(results)]
    groups, samples = runs_of(results.metrics), by_method(results)
    for block, methods in blocks(samples).items():
        for theirs, mine in combinations(methods, 2):
            pair = over_shared_seeds(results, {mine: groups[mine], theirs: groups[theirs]}, samples)
            row = {key: getattr(block, key) for key in ("model", "split", "objective", "variant")}
            row |= {"carrier": mine.carrier, "carrier_kind": mine.carrier_kind}
            row |= {"against": theirs.carrier, "against_kind": theirs.carrier_kind}
            for name in names:
                sample, other = pair[mine].get(name), pair[theirs].get(name)
                if isinstance(sample, Sample) and isinstance(other, Sample):
                    row |= {"seeds": len(sample.per_seed), "interval": source(len(sample.per_seed))}
                    row["replicates"] = replicates(len(sample.per_seed), sample.factors)
                    put(row, name, sample.minus(other).interval())
            rows.append(row)
    figures = [f"{name}{end}" for name in names for end in ("", "_lo", "_hi")]
    return without_empty(pd.DataFrame(rows, columns=[*IDENTITY, *figures]))


def beyond_noise(found: pd.DataFrame, name: str) -> pd.Series:
    """Rows whose difference excludes 0; of one seed none does."""
    return (found["interval"] != QUESTIONS_ONLY) & ((found[f"{name}_lo"] > 0) | (found[f"{name}_hi"] < 0))


def differences_table(results: Results) -> Table:
    """<benchmark>_differences as it is written."""
    found = differences(results)
    shown = found[["model", "objective"]].rename(columns=str.capitalize)
    if "variant" in found:
        shown["Variant"] = found["variant"]
    shown["Difference"] = found["carrier"] + " − " + found["against"]
    cells = set()
    for column in compared(results):
        shown[column.title] = figure_column(found, column.name, "+.3f")
        cells |= {(int(place), column.title) for place in found.index[beyond_noise(found, column.name)]}
    shown["Seeds"] = found["seeds"]
    text = (
        f"{results.title}, paired differences between carriers. {results.note} Mean difference over the same questions and "
        f"seeds [95 % interval: {INTERVALS}]. {said(results.metrics)} Bold: the interval excludes 0."
    )
    return Table(found, shown, text, frozenset(cells))
