"""Which variant of a tuning study is chosen, by one rule for every method."""

import pandas as pd

METHOD = ["model", "forget_split", "objective", "carrier"]
RULE = (
    "score = harmonic mean of 1 - forget Probability, 1 - forget ROUGE-L, retain Probability and retain ROUGE-L on the "
    "snapshot questions after the last step, averaged over seeds; the highest score is chosen, the first one in a tie"
)


def tuning(snapshots: pd.DataFrame) -> pd.DataFrame:
    """One row per method and variant: the four figures after the last step, their score, and whether it is chosen.

    Args:
        snapshots: evaluation.aggregate.snapshot_summary of every run, with the run's identity.
    """
    last = snapshots[snapshots["step"] == snapshots.groupby("run")["step"].transform("max")].copy()
    good = pd.DataFrame(
        {
            "forgot_probability": 1 - last["forget_probability"],
            "forgot_rougeL": 1 - last["forget_rougeL"],
            "kept_probability": last["retain_probability"],
            "kept_rougeL": last["retain_rougeL"],
        }
    ).clip(lower=1e-6)
    last["score"] = 4 / (1 / good).sum(axis=1)
    figures = ["forget_probability", "forget_rougeL", "retain_probability", "retain_rougeL", "score"]
    table = last.groupby([*METHOD, "variant"], sort=False)[figures].mean().reset_index()
    table["seeds"] = last.groupby([*METHOD, "variant"], sort=False).size().to_numpy()
    best = table.groupby(METHOD, sort=False)["score"].transform("idxmax")
    table["chosen"] = table.index == best
    return table
