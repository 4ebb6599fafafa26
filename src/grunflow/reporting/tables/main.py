"""Table <benchmark>_main: every figure of every method with its interval."""

from dataclasses import replace

import numpy as np
import pandas as pd

from grunflow.benchmarks.base import Metric
from grunflow.reporting import absence, worth
from grunflow.reporting.best import BOLD, clear_best
from grunflow.reporting.columns import Column, columns
from grunflow.reporting.external import called
from grunflow.reporting.forms import Cell, Table, figure_column, put, without_empty
from grunflow.reporting.intervals import METHOD as INTERVALS
from grunflow.reporting.intervals import Sample
from grunflow.reporting.results import Results
from grunflow.reporting.samples import (
    Method,
    Rows,
    Samples,
    blocks,
    by_method,
    every_score,
    minus_reference,
    over_shared_seeds,
    runs_of,
    with_shared_seeds,
)
from grunflow.reporting.seeds import TARGET, factors, larger, replicates, said, source

LARGER = "_larger_noise"
# What tells rows apart where runs are scored under several conditions, and what it took; the last only here.
CONDITION, STRENGTH, ACCESS, POINT = "condition", "strength", "access", "point"
ONE_SEED = "Intervals of rows of one seed (column Seeds) are of the questions only."


def main_table(results: Results) -> Table:
    """<benchmark>_main as it is written."""
    return with_absent(whole_table(results, "shown"), results)


def with_absent(table: Table, results: Results) -> Table:
    """The same with `reason`, beside methods of which a seed is absent, and with rows of those of which all are."""
    if not results.absent:
        return table
    tidy, shown = table.tidy.assign(reason=""), table.shown.assign(Seeds=table.shown["Seeds"].astype(str), Absent="")
    for runs in absence.by_method(results.absent):
        who = {name: getattr(runs[0], name) for name in (*absence.METHOD, "carrier_kind") if name in tidy}
        mine = np.logical_and.reduce([tidy[name] == value for name, value in who.items()])
        present = int(tidy.loc[mine, "seeds"].sum())
        reason = absence.why(runs, present)
        if not present:
            heads = {name.capitalize(): value for name, value in who.items() if name.capitalize() in shown}
            tidy = pd.concat(
                [tidy, pd.DataFrame([who | {"seeds": 0, "interval": "", "replicates": 0}])], ignore_index=True
            )
            shown = pd.concat([shown, pd.DataFrame([heads])], ignore_index=True).fillna("")
            mine = tidy.index == len(tidy) - 1
        tidy.loc[mine, "reason"] = reason
        shown.loc[mine, ["Seeds", "Absent"]] = [absence.count(runs, present), reason]
    whole = {name: "Int64" for name in table.tidy.select_dtypes("integer")}
    return replace(table, tidy=tidy.astype(whole), shown=shown)


def whole_table(results: Results, rows: Rows, beside: tuple[str, ...] = ()) -> Table:
    """Figures over seeds, a row per method. beside: what tells rows apart beside it."""
    metrics, samples = getattr(results, rows), by_method(results, rows)
    tidy = aggregated(results, metrics, samples, beside)
    every = columns(results.benchmark, metrics)
    shown = tidy[["model", "objective", "carrier"]].assign(carrier=called(tidy)).rename(columns=str.capitalize)
    for name in ("variant", *beside):
        if name in tidy:
            shown[name.capitalize()] = tidy[name].astype(str).replace("nan", "")
    for name, title, form in shown_figures(every):
        if name in tidy:
            shown[title] = figure_column(tidy, name, form)
    shown["Seeds"] = tidy["seeds"]
    cells = frozenset() if results.variants else bold(results, metrics, samples, every)
    return Table(tidy, shown, caption(results, tidy, every), cells)


def aggregated(
    results: Results, metrics: pd.DataFrame, samples: dict[Method, Samples], beside: tuple[str, ...] = ()
) -> pd.DataFrame:
    """One row per method, a `_lo` and `_hi` beside each figure (95 %; of p-values the range over seeds)."""
    every, rows = columns(results.benchmark, metrics), []
    asked = results.frame("questions").groupby("set")["index"].nunique()
    of_runs = {column.set: int(asked[column.set]) for column in every if column.set in asked}
    counts = [column.name for column in every if column.metric.interval == "count"]
    for method, group in runs_of(metrics).items():
        row: dict = method._asdict() | {"seeds": len(group), "interval": source(len(group))}
        row["replicates"] = replicates(len(group), factors(group))
        for name, sample in samples[method].items():
            put(row, name, sample.interval())
        row |= larger_noises(every, group)
        for name in (*counts, "model_parameters"):
            if group[name].notna().all():
                row[name] = int(group[name].iloc[0])
        for name in beside:
            if name not in row:
                row[name] = group[name].iloc[0] if name in group else float("nan")
        own = {
            name: len(places) for name, (_, _, places) in every_score(results, method.condition, method.point).items()
        }
        rows.append(row | {f"{name}_questions": own.get(name, number) for name, number in of_runs.items()})
    table = pd.DataFrame(rows)
    first = [
        *Method._fields,
        *(name for name in beside if name not in Method._fields),
        "seeds",
        "interval",
        "replicates",
    ]
    noise = [f"{column.name}{LARGER}" for column in every if f"{column.name}{LARGER}" in table]
    last = [name for name in (*counts, "model_parameters", *(f"{name}_questions" for name in of_runs)) if name in table]
    figures = [name + end for column in every for name in (column.name, column.change) for end in ("", "_lo", "_hi")]
    table = table[[*first, *(name for name in figures if name in table and name not in last), *noise, *last]]
    return without_empty(table.drop(columns=[POINT] if CONDITION in beside else [POINT, CONDITION]))


def larger_noises(every: list[Column], group: pd.DataFrame) -> dict[str, str]:
    """<figure>_larger_noise: the seed that a figure varies with most, where targets have several unlearn seeds."""
    found = {}
    for column in every:
        values = group[column.name].to_numpy(float)
        if column.compared and not np.isnan(values).any():
            found[f"{column.name}{LARGER}"] = larger(values, pd.factorize(group[TARGET])[0])
    return {name: seed for name, seed in found.items() if seed}


def shown_figures(every: list[Column]) -> list[tuple[str, str, str]]:
    """Column, heading and number format of what people read."""
    found = []
    for column in every:
        if column.shown:
            form = ".1e" if column.metric.interval == "range" else ".3f"
            found.append((column.name, column.heading, form))
            if column.change:
                found.append((column.change, column.change_heading, "+.3f"))
    return found


def bold(
    results: Results, metrics: pd.DataFrame, samples: dict[Method, Samples], every: list[Column]
) -> frozenset[Cell]:
    """Cells of the reader's table whose carrier is clearly best of its objective."""
    cells, rows, groups = set(), list(samples), runs_of(metrics)
    toward = {column.toward for column in every if column.toward and column.shown and column.directed}
    for block in blocks(samples).values():
        own = {method: groups[method] for method in block}
        methods, shared = over_shared_seeds(results, own, samples), with_shared_seeds(own)
        apart = {
            name: {method: minus_reference(results, method, group, methods[method], name) for method, group in shared.items() if len(group)}
            for name in toward
        }  # fmt: skip
        for column in every:
            of = apart.get(column.toward, methods)
            known = {method: of.get(method, {}).get(column.name) for method in methods}
            fit = {method: sample for method, sample in known.items() if isinstance(sample, Sample)}
            if column.shown and column.directed and len(fit) == len(known):
                if column.toward:
                    fit = {method: sample.size() for method, sample in fit.items()}
                best = clear_best(fit, column.lower or bool(column.toward))
                cells |= {(rows.index(best), column.heading)} if best else set()
    return frozenset(cells)


def caption(results: Results, tidy: pd.DataFrame, every: list[Column]) -> str:
    shown = {column.metric.name: column.metric for column in every if column.shown}.values()
    parts = [f"95 % interval: {INTERVALS}"]
    parts += [
        f"{metric.title}'s question part by influence values" for metric in shown if metric.sample and not metric.joined
    ]
    parts += [f"{metric.title}'s from the limits of its means" for metric in shown if metric.joined]
    parts += [f"{metric.title} from seeds alone" for metric in shown if of_seeds_alone(metric)]
    asked = {
        column.set: tidy[f"{column.set}_questions"].iloc[0] for column in every if f"{column.set}_questions" in tidy
    }
    told = [results.note, *([f"{results.benchmark.note}."] if results.benchmark.note else [])]
    told.append(f"Mean over seeds [{'; '.join(parts)}]. {said(results.metrics)}")
    told += [ONE_SEED] if of_one_seed(tidy) else []
    told += noise_note(tidy)
    told += [f"Change against the {metric.reference} model, paired." for metric in shown if metric.change]
    numbers = ", ".join(f"{name.replace('_', ' ')} {number}" for name, number in asked.items())
    told.append(f"Questions: {numbers}.")
    told += [range_note(metric) for metric in shown if metric.interval == "range"]
    counts = [column for column in every if column.metric.interval == "count" and column.name in tidy]
    if counts:
        numbers = ", ".join(f"{column.title} {tidy[column.name].iloc[0]:.0f}" for column in counts)
        told.append(f"Counts: {numbers}.")
    worthy = worth.said(results, [column.name for column in every if column.shown])
    told += [worthy] if worthy else []
    return f"{results.title}. {' '.join(told)} {BOLD}."


def of_seeds_alone(metric: Metric) -> bool:
    """Whether nothing is known of how a figure of whole runs varies with questions."""
    return metric.per == "run" and metric.interval in ("seeds", "questions") and metric.sample is None


def of_one_seed(tidy: pd.DataFrame) -> bool:
    """Whether some methods have one seed and others more."""
    seeds = tidy.loc[tidy["carrier"] != "", "seeds"]
    return bool((seeds == 1).any() and (seeds > 1).any())


def noise_note(tidy: pd.DataFrame) -> list[str]:
    names = [name for name in tidy if name.endswith(LARGER)]
    found = tidy[names].stack().value_counts() if names else {}
    if not len(found):
        return []
    told = " and ".join(f"of {number} the {seed} seed's" for seed, number in found.items())
    return [f"The larger noise is, of the figures that methods are compared by, {told}."]


def range_note(metric: Metric) -> str:
    against = f", against the {metric.reference} model" if metric.reference else ""
    return f"{metric.title}: median of log10 p (range over seeds){against}."
