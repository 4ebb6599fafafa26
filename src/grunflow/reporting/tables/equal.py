"""Methods compared where they stand equal: what tables equal_forgetting and equal_retention share.

Methods stop at different points of the trade-off, so their last steps alone tell little. Three readings stand side by side.
`strength`: each finished run scaled back, between the strengths beside the level; it decides. `path`: the same between
snapshots of its training. `snapshot`: the best snapshot on the right side of the level, not interpolated.
"""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from grunflow.reporting import crossings
from grunflow.reporting.columns import KEEP, Column
from grunflow.reporting.crossings import Curve, Found
from grunflow.reporting.forms import Cell, figure_text, put
from grunflow.reporting.intervals import Interval, Sample
from grunflow.reporting.paths import FRAMES, STEP, STRENGTH, Path, Way, columns_of, metric_of, paths
from grunflow.reporting.results import Results
from grunflow.reporting.rivals import MINUS, over_shared
from grunflow.reporting.seeds import QUESTIONS_ONLY, SEEDS, Labels, factors, replicates, said, source

SNAPSHOT, WAY = "snapshot", "path"
READINGS = (STRENGTH, WAY, SNAPSHOT)
UNKNOWN = Interval(float("nan"), float("nan"), float("nan"))


class Comparison(NamedTuple):
    """level: column of the level. levels: its values, in that column's scale. role: of the sets that are read. curve: a path as
    seen from a level. keeps_above: whether a snapshot must lie at or above the level, not below. lower: whether less is better."""

    level: str
    levels: tuple[float, ...]
    role: str
    curve: Callable[[Path, str, float], Curve]
    keeps_above: bool = False
    lower: bool = False


class Read(NamedTuple):
    """One method at one level, by one reading. told: what it must say of itself. again: crossed more than once."""

    samples: dict[str, Sample]
    reason: str
    told: str
    again: bool = False


NOTHING = Read({}, "", "")


def equal(results: Results, compared: Comparison) -> pd.DataFrame:
    """One row per model, split, objective, level, reading and carrier: what was read, and its paired differences
    <figure>_minus_<carrier>; empty, with the reason, where there is nothing to read. told: what must be known of the figures."""
    of = {STRENGTH: paths(results, STRENGTH), WAY: paths(results, STEP), SNAPSHOT: paths(results, STEP)}
    names = [column.name for column in columns_of(results, compared.role)]
    kinds = {way.carrier: way.carrier_kind for way in of[WAY]}
    rows: list[dict] = []
    for model, split, objective in dict.fromkeys(way[:3] for way in of[WAY]):
        for level in compared.levels:
            blocks: dict[str, list[dict]] = {}
            for reading in (name for name in READINGS if of[name]):
                runs = {
                    carrier: of[reading].get(Way(model, split, objective, carrier, kind), [])
                    for carrier, kind in kinds.items()
                }
                blocks[reading] = [
                    {"model": model, "split": split, "objective": objective, "carrier": carrier, "carrier_kind": kinds[carrier],
                     compared.level: level, "reading": reading} | row
                    for carrier, row in _rows(runs, names, reading, compared, level).items()
                ]  # fmt: skip
            _tell(blocks, names, list(kinds))
            rows += [row for block in blocks.values() for row in block]
    return pd.DataFrame(rows)


def _rows(
    runs: dict[str, list[Path]], names: list[str], reading: str, compared: Comparison, level: float
) -> dict[str, dict]:
    """Carrier -> what was read of its runs, and its differences to every other carrier over the seeds that both have (to itself
    none)."""

    def read(own: list[Path]) -> Read:
        return _read(own, reading, compared, level)

    reads = {carrier: read(own) for carrier, own in runs.items()}
    rows = {}
    for carrier, mine in reads.items():
        own = runs[carrier]
        row = {"seeds": len(own), "interval": source(len(own)), "replicates": replicates(len(own), _groups(own)),
               "reason": mine.reason, "told": mine.told}  # fmt: skip
        pairs = {}
        for other in runs:
            seeds = [{run.seeds for run in runs[name]} for name in (carrier, other)]
            shared = seeds[0] & seeds[1]
            both = [run for run in own if run.seeds in shared]
            row |= over_shared(other, len(both), _groups(both)) if both and other != carrier else {}
            pairs[other] = (
                [NOTHING, NOTHING]
                if other == carrier
                else [
                    reads[name] if known == shared else read([run for run in runs[name] if run.seeds in shared])
                    for name, known in zip((carrier, other), seeds, strict=True)
                ]
            )
        rows[carrier] = row | _figures(names, mine, pairs, reading)
    return rows


def _read(runs: list[Path], reading: str, compared: Comparison, level: float) -> Read:
    """The runs of one method at a level."""
    if not runs:
        return Read({}, "not in this study", "")
    unit = STRENGTH if reading == STRENGTH else STEP
    curves = [compared.curve(run, unit, level) for run in runs]
    if reading == SNAPSHOT:
        found = [crossings.best(curve, level, compared.keeps_above) for curve in curves]
    else:
        found = [crossings.crossed(curve, level) for curve in curves]
    again = any(isinstance(item, Found) and item.again for item in found)
    return Read(*crossings.over_seeds(found, _groups(runs)), again)


def _groups(runs: list[Path]) -> tuple[Labels, ...]:
    """What the runs of a method are grouped by (seeds.py)."""
    return _grouped(tuple(run.seeds for run in runs))


@cache  # every method of a study has the same seeds
def _grouped(seeds: tuple[Any, ...]) -> tuple[Labels, ...]:
    return factors(pd.DataFrame(seeds, columns=list(SEEDS)))


def _figures(names: list[str], own: Read, pairs: dict[str, list[Read]], reading: str) -> dict:
    """Every figure of a carrier, and its difference to every other. A training path that crosses the level more than once is
    no ground for a difference. pairs: other carrier -> what is read of this one and of that."""
    row: dict = {}
    for name in names:
        put(row, name, own.samples[name].interval() if name in own.samples else UNKNOWN)
        for other, (mine, theirs) in pairs.items():
            known = name in mine.samples and name in theirs.samples
            once = reading != WAY or not (mine.again or theirs.again)
            figure = mine.samples[name].minus(theirs.samples[name]).interval() if known and once else UNKNOWN
            put(row, f"{name}{MINUS}{other}", figure)
    return row


def _tell(blocks: dict[str, list[dict]], names: list[str], carriers: list[str]) -> None:
    """Beside the reading that decides: what it cannot be compared with, and where the best snapshots say otherwise."""
    reasons = {reading: {row["carrier"]: row["reason"] for row in block} for reading, block in blocks.items()}
    for place, row in enumerate(blocks.get(STRENGTH, [])):
        told = [row["told"]] if row["told"] else []
        for other in carriers:
            if not row["reason"] and other != row["carrier"] and reasons[STRENGTH][other]:
                told.append(f"{other}: {reasons[STRENGTH][other]}")
            for name in names:
                told += _disagreement(row, blocks[SNAPSHOT][place], f"{name}{MINUS}{other}")
        row["told"] = "; ".join(told)


def _disagreement(row: dict, snapshot: dict, column: str) -> Iterator[str]:
    """Words where one of the two says above, below or neither, and the other something else."""
    sides = [_side(item.get(f"{column}_lo", np.nan), item.get(f"{column}_hi", np.nan)) for item in (row, snapshot)]
    if None not in sides and sides[0] != sides[1]:
        figure = figure_text(snapshot[column], snapshot[f"{column}_lo"], snapshot[f"{column}_hi"], "+.2f")
        see = "a difference" if not sides[0] else "the opposite" if sides[1] else "no difference"
        yield f"the best snapshots see {see}: {column} {figure}"


def _side(lo: float, hi: float) -> int | None:
    return None if np.isnan(lo) else 1 if lo > 0 else -1 if hi < 0 else 0


def followed(results: Results, role: str) -> tuple[str, ...]:
    """Columns of the followed metric on the sets of a role."""
    return tuple(column.name for column in columns_of(results, role) if column.metric.name == metric_of(results).name)


def asked(results: tuple[Results, ...]) -> str:
    """What the readings rest on, benchmark by benchmark."""
    return " / ".join(_asked(item) for item in results)


def _asked(results: Results) -> str:
    scores, benchmark = results.frame(FRAMES[STEP]), results.benchmark
    assert benchmark.snapshot is not None, "runs left snapshots"
    kept = [item for item in benchmark.snapshot(1).sets if item.role == KEEP]
    questions = scores[scores["set"].isin([item.name for item in kept])].groupby("set")["index"].nunique().sum()
    own = "" if {item.file for item in kept} & {item.file for item in benchmark.sets} else " that no other table reads"
    steps = scores.groupby("run")[STEP].nunique().max() - 1
    strengths = results.frame(FRAMES[STRENGTH])
    scaled = f", {strengths[STRENGTH].nunique()} strengths" if len(strengths) else ""
    told = f"{steps} snapshots and the start{scaled}, on {questions} kept questions{own}"
    return f"{told}. {said(results.metrics)}".removesuffix(".")


def read_by_people(
    results: Results, compared: Comparison, found: pd.DataFrame, heading: str, text: str
) -> tuple[pd.DataFrame, frozenset[Cell]]:
    """The three readings of a row side by side, and the bold cells: where the one that decides is beyond noise better than every
    other carrier, all reached."""
    block = ["model", "split", "objective", compared.level]
    every = columns_of(results, compared.role)
    reached = found["reason"].eq("").groupby([found[name] for name in (*block, "reading")]).all()
    lines, bold = [], set()
    for place, (identity, rows) in enumerate(found.groupby([*block, "carrier"], sort=False)):
        model, _, objective, level, carrier = identity
        line = {"Model": model, "Objective": objective, heading: text.format(level), "Carrier": carrier}
        by_reading = {row["reading"]: row for row in rows.to_dict("records")}
        for column in every:
            line |= {_heading(column, reading): _cell(row, column, results) for reading, row in by_reading.items()}
        decides = by_reading.get(STRENGTH)
        line["Told"] = decides["told"] if decides else ""
        if decides and decides["interval"] != QUESTIONS_ONLY and reached[(*identity[:-1], STRENGTH)]:
            bold |= {(place, _heading(column, STRENGTH)) for column in every if _is_best(decides, column, compared)}
        lines.append(line)
    shown = pd.DataFrame(lines)
    empty = [name for name in shown if name.endswith(")") and not shown[name].any()]
    return shown.drop(columns=empty), frozenset(bold)


def _is_best(row: dict, column: Column, compared: Comparison) -> bool:
    """Whether every difference to another carrier lies on the better side of 0."""
    end, sign = ("_hi", -1) if compared.lower else ("_lo", 1)
    ends = [sign * row[name] for name in row if name.startswith(f"{column.name}{MINUS}") and name.endswith(end)]
    known = [value for value in ends if not np.isnan(value)]
    return bool(known) and min(known) > 0


def _heading(column: Column, reading: str) -> str:
    return f"{column.heading} ({reading})"


def _cell(row: dict, column: Column, results: Results) -> str:
    """The figure; or, of the followed metric, why there is none."""
    figure = figure_text(*(row[f"{column.name}{end}"] for end in ("", "_lo", "_hi")))
    own = column.metric.name == metric_of(results).name
    return figure or (row["reason"] if own else "")
