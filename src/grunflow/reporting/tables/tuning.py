"""Table tuning: which variant is chosen, by one rule for every method and benchmark."""

import pandas as pd

from grunflow.reporting.columns import FORGET, Column, on_the_way
from grunflow.reporting.forms import Table, stacked, without_empty
from grunflow.reporting.results import Results, notes

METHOD = ["model", "split", "objective", "carrier", "carrier_kind"]
RULE = (
    "score = harmonic mean of 1 − x for what is still known of the forget sets and x for what is known of the sets to be "
    "kept, on the snapshot questions after the last step, averaged over seeds; the highest score is chosen, the first one in a tie"
)


def tuning(snapshots: pd.DataFrame, every: list[Column]) -> pd.DataFrame:
    """One row per method and variant: the figures after the last step, their score, and whether it is chosen.

    Args:
        snapshots: snapshots.parquet of one benchmark.
    """
    last = snapshots[snapshots["step"] == snapshots.groupby("run")["step"].transform("max")].copy()
    good = pd.DataFrame({item.name: 1 - last[item.name] if item.role == FORGET else last[item.name] for item in every})
    last["score"] = len(every) / (1 / good.clip(lower=1e-6)).sum(axis=1)
    figures = [*(item.name for item in every), "score"]
    groups = last.groupby([*METHOD, "variant"], sort=False)
    table = groups[figures].mean().reset_index()
    table["seeds"] = groups.size().to_numpy()
    best = table.groupby(METHOD, sort=False)["score"].transform("idxmax")
    table["chosen"] = table.index == best
    return table


def tuning_table(*results: Results) -> Table:
    """tuning as it is written."""
    found = {}
    for item in results:
        frame = item.frame("snapshots")
        chosen = without_empty(tuning(frame, on_the_way(item.benchmark, frame)))
        found[item.name] = Table(chosen, chosen.drop(columns="carrier_kind").round(3), "")
    return stacked(found, f"Choice among variants. {notes(results)} Rule: {RULE}.")
