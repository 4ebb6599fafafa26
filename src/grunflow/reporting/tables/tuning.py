"""Table tuning: which variant is chosen, by one rule for every method and benchmark, and whether it lies at an edge of what was
tried."""

from collections.abc import Mapping

import pandas as pd

from grunflow.reporting.columns import FORGET, Column, on_the_way
from grunflow.reporting.forms import Table, stacked, without_empty
from grunflow.reporting.results import Results, notes

METHOD = ["model", "split", "objective", "carrier", "carrier_kind"]
RULE = (
    "score = harmonic mean of 1 − x for what is still known of the forget sets and x for what is known of the sets to be "
    "kept, on the snapshot questions after the last step, averaged over seeds; of answers by options x is the share of what "
    "lies above guessing, and less than guessing counts as guessing; the highest score is chosen, the first one in a tie"
)


def tuning(
    snapshots: pd.DataFrame, every: list[Column], rates: Mapping[str, float], chance: float = 0.0
) -> pd.DataFrame:
    """One row per method and variant: the figures after the last step, their score, whether it is chosen, its learning rate, and
    whether that is the least or greatest that the method was tried with.

    Args:
        snapshots: snapshots.parquet of one benchmark.
        rates: variant -> learning rate, of those that set one.
        chance: what guessing scores.
    """
    last = snapshots[snapshots["step"] == snapshots.groupby("run")["step"].transform("max")].copy()
    known = {item.name: ((last[item.name] - chance) / (1 - chance)).clip(lower=0) for item in every}
    good = pd.DataFrame(
        {item.name: 1 - known[item.name] if item.role == FORGET else known[item.name] for item in every}
    )
    last["score"] = len(every) / (1 / good.clip(lower=1e-6)).sum(axis=1)
    figures = [*(item.name for item in every), "score"]
    groups = last.groupby([*METHOD, "variant"], sort=False)
    table = groups[figures].mean().reset_index()
    table["steps"] = groups["step"].max().to_numpy()
    table["seeds"] = groups.size().to_numpy()
    table["learning_rate"] = table["variant"].map(rates).astype(float)
    methods = table.groupby(METHOD, sort=False)
    table["chosen"] = table.index == methods["score"].transform("idxmax")
    ends = methods["learning_rate"].agg(["min", "max"])
    lowest, highest = (table[METHOD].merge(ends[name], left_on=METHOD, right_index=True)[name] for name in ends)
    table["at_edge"] = table["learning_rate"].eq(lowest) | table["learning_rate"].eq(highest)
    return table


def tuning_table(rates: Mapping[str, float], *results: Results) -> Table:
    """tuning as it is written."""
    found, told = {}, []
    for item in results:
        frame = item.frame("snapshots")
        chosen = tuning(frame, on_the_way(item.benchmark, frame), rates, item.benchmark.chance or 0.0)
        found[item.name] = Table(without_empty(chosen), _shown(without_empty(chosen)), "")
        told.append(f"{item.title}: {_budget(item, chosen)}")
    return stacked(found, f"Choice among variants. {notes(results)} Rule: {RULE}. {' '.join(told)}")


def _shown(chosen: pd.DataFrame) -> pd.DataFrame:
    rates = ["" if pd.isna(rate) else f"{rate:g}" for rate in chosen["learning_rate"]]
    return chosen.drop(columns="carrier_kind").round(3).assign(learning_rate=rates)


def _budget(results: Results, chosen: pd.DataFrame) -> str:
    """What each method was given, what the choice was made on, and which choices lie at an edge."""
    scores = results.frame("snapshot_scores")
    asked = scores.groupby("set", sort=False)["index"].nunique() if len(scores) else pd.Series(dtype=int)
    tried = chosen.groupby(METHOD, sort=False).size()
    ends = chosen[chosen["chosen"] & chosen["at_edge"]]
    at_edge = ", ".join(f"{row.objective} {row.carrier}" for row in ends.itertuples())
    questions = ", ".join(f"{number} of {name.replace('_', ' ')}" for name, number in asked.items())
    return (
        f"budget {_from_to(tried)} variants of each method, {_from_to(chosen['seeds'])} seeds each, {_from_to(chosen['steps'])} steps"
        + (f"; chosen on {questions}, of this study's own data" if questions else "")
        + f"; chosen rates at an edge of what was tried: {at_edge or 'none'}."
    )


def _from_to(numbers: pd.Series) -> str:
    low, high = int(numbers.min()), int(numbers.max())
    return f"{low}" if low == high else f"{low} to {high}"
