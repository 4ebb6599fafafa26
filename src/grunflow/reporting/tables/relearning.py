"""Table relearning: what attackers bring back of what was forgotten, and how soon."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from grunflow.benchmarks.base import RETAIN
from grunflow.reporting.forms import Table, figure_column, put, stacked, without_empty
from grunflow.reporting.intervals import METHOD as INTERVALS
from grunflow.reporting.intervals import of_questions
from grunflow.reporting.recovery import Recovery, measured, recoveries, steps_to_half
from grunflow.reporting.results import Results, notes
from grunflow.reporting.rivals import Reader, minus_rivals
from grunflow.reporting.samples import Method, Samples, plain_scores, scores_of
from grunflow.reporting.seeds import factors, replicates

ATTACK = "attack"  # the column of its name
FIGURES = {
    "lost": "Lost",
    "unlearnt": "Unlearnt",
    "relearnt": "Relearnt",
    "gain": "Gain",
    "beyond_retain": "Gain beyond retain's",
}
SAID = (
    "A run is trained further, by an attacker. Lost: what unlearning took away, paired. Unlearnt and relearnt: the run as it is and after the last step; gain: their paired "
    "difference, beyond retain's: that less what the retain model gains under the same attack, for it learns from the same rows and had "
    "forgotten nothing. Recovered: gain as a share of what unlearning took away (lost), told where that is more than noise. Steps to half: when half of that is back (median over "
    "seeds, range in the CSV), with the number of seeds in which it ever is, of those that lost something. The CSV has what is relearnt, and the gain, minus those of every other carrier, paired."
)


def relearning_table(*results: Results) -> Table:
    """relearning as it is written."""
    found = {item.name: _of_benchmark(item) for item in results}
    measures = "; ".join(f"{item.title}: {' '.join(measured(item)).replace('_', ' ')}" for item in results)
    return stacked(found, f"{SAID} By {measures} [95 % interval: {INTERVALS}]. {notes(results)}")


def _of_benchmark(results: Results) -> Table:
    found = list(recoveries(results))
    apart = minus_rivals({item.method: item.runs for item in found}, _relearnt(results, found))
    tidy = pd.DataFrame(row_of(item) | more for item, more in zip(found, apart, strict=True))
    tidy = without_empty(tidy)
    shown = tidy[["model", "objective", "carrier", ATTACK]].rename(columns=str.capitalize)
    for name, title in FIGURES.items():
        shown[title] = figure_column(tidy, name, "+.3f" if name in ("gain", "beyond_retain") else ".3f")
    shown["Recovered"] = [_text(value, ".2f") for value in tidy["recovered"]]
    shown["Steps to half"] = [_half(row) for row in tidy.to_dict("records")]
    shown["Seeds"] = tidy["seeds"]
    return Table(tidy, shown, "")


def _relearnt(results: Results, found: Sequence[Recovery]) -> Reader:
    """What runs know after an attack's last step, and how much more than before."""
    key, last = measured(results), {item.method: str(item.steps[-1]) for item in found}

    def read(method: Method, group: pd.DataFrame) -> Samples:
        runs, grouped = list(group["run"]), factors(group)
        scores = scores_of(results, method.condition, runs, last[method])[key]
        gain = scores - plain_scores(results, method, runs)[key]
        return {
            "relearnt": of_questions(scores, factors=grouped),
            "gain": of_questions(gain, (-1.0, 1.0), grouped),
        }

    return read


def _half(row: dict) -> str:
    """When half is back; nothing where nothing was lost."""
    if not row["followed"]:
        return ""
    if not row["reached"]:
        return f"not in {row['steps']}"
    return f"{_text(row['steps_to_half'], '.1f')} ({row['reached']} of {row['followed']})"


def _text(value: float, form: str) -> str:
    return "" if np.isnan(value) else f"{value:{form}}"


def lost(item: Recovery, row: dict) -> bool:
    """Whether unlearning took something away, beyond noise; how much goes into the row."""
    row |= dict.fromkeys(("lost", "lost_lo", "lost_hi"), float("nan"))
    if item.before is None or item.method.objective == RETAIN:
        return False
    put(row, "lost", of_questions(item.before - item.unlearnt, (-1.0, 1.0), item.factors).interval())
    return row["lost_lo"] > 0


def row_of(item: Recovery) -> dict:
    """One attack on one method."""
    method, first, last = item.method, item.unlearnt, item.scores[-1]
    row: dict = {
        key: getattr(method, key) for key in ("model", "split", "objective", "carrier", "carrier_kind", "variant")
    }
    row |= {ATTACK: method.condition, "steps": item.steps[-1], "seeds": len(first)}
    row["replicates"] = replicates(len(first), item.factors)
    put(row, "unlearnt", of_questions(first, factors=item.factors).interval())
    put(row, "relearnt", of_questions(last, factors=item.factors).interval())
    put(row, "gain", of_questions(item.gain, (-1.0, 1.0), item.factors).interval())
    row |= dict.fromkeys(("beyond_retain", "beyond_retain_lo", "beyond_retain_hi"), float("nan"))
    if item.gain_of_retain is not None:
        put(row, "beyond_retain", of_questions(item.gain - item.gain_of_retain, (-2.0, 2.0), item.factors).interval())
    shares = item.recovered.T if lost(item, row) else np.full(item.recovered.T.shape, np.nan)
    half = np.array([steps_to_half(item.steps, share) for share in shares])
    reached = half[~np.isnan(half)]
    known = shares[~np.isnan(shares).any(axis=1)]  # of seeds that lost something
    row["recovered"] = float(known[:, -1].mean()) if len(known) else float("nan")
    ends = (np.median(reached), reached.min(), reached.max()) if len(reached) else (np.nan,) * 3
    row |= dict(zip(("steps_to_half", "steps_to_half_lo", "steps_to_half_hi"), map(float, ends), strict=True))
    return row | {"reached": len(reached), "followed": len(known)}
