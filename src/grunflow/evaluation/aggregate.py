"""Per-example scores -> metrics of a run."""

import numpy as np
import pandas as pd
from scipy.stats import ks_2samp

from grunflow.evaluation import truth_ratio
from grunflow.evaluation.membership import ATTACKS, auroc
from grunflow.evaluation.probability import normalised_probability, probability
from grunflow.evaluation.rouge import rouge_l_recall

UTILITY_SETS = ("retain", "real_authors", "world_facts")
METRICS = ("rougeL", "probability", "truth_ratio")


def per_question(scores: pd.DataFrame) -> pd.DataFrame:
    """set, index, rougeL, probability, truth_ratio, truth_ratio_grun, raw_ratio, gate (mean over layers)."""
    wrong = [np.asarray(nll) / np.asarray(n) for nll, n in zip(scores.nll_perturbed, scores.n_perturbed, strict=True)]
    right = (scores.nll_paraphrased / scores.n_paraphrased).to_numpy()
    p = probability(scores.nll_answer.to_numpy(), scores.n_answer.to_numpy())
    normalised = normalised_probability(p, [np.exp(-losses) for losses in wrong])
    raw = np.array([truth_ratio.raw_ratio(losses, loss) for losses, loss in zip(wrong, right, strict=True)])
    forget = (scores["set"] == "forget").to_numpy()
    has_options = scores["set"].isin(["real_authors", "world_facts"]).to_numpy()
    gates = [column for column in scores if column.startswith("gate_")]
    return pd.DataFrame(
        {
            "set": scores["set"],
            "index": scores["index"],
            "rougeL": scores.rougeL,
            "probability": np.where(has_options, normalised, p),
            "truth_ratio": np.where(forget, truth_ratio.on_forget(raw), truth_ratio.on_others(raw)),
            "truth_ratio_grun": [
                truth_ratio.grun_form(losses, loss) for losses, loss in zip(wrong, right, strict=True)
            ],
            "raw_ratio": raw,
            "gate": scores[gates].mean(axis=1) if gates else np.nan,
            **{column: scores[column] for column in scores if column.startswith(("gate_", "paraphrased_gate_"))},
        }
    )


def harmonic_mean(values: list[float]) -> float:
    """0 if one of them is 0."""
    return 0.0 if min(values) <= 0 else len(values) / sum(1 / value for value in values)


def summary(questions: pd.DataFrame) -> dict[str, float]:
    """<set>_<metric> means and model_utility: the harmonic mean of nine (three sets, three metrics)."""
    found: dict[str, float] = {}
    for name, rows in questions.groupby("set", sort=False):
        columns = [*METRICS, "truth_ratio_grun", *(["gate"] if rows["gate"].notna().all() else [])]
        found |= {f"{name}_{column}": float(rows[column].mean()) for column in columns}
    found["model_utility"] = harmonic_mean([found[f"{name}_{metric}"] for name in UTILITY_SETS for metric in METRICS])
    return found


def gate_auroc(questions: pd.DataFrame) -> dict[str, float]:
    """How well the gate's mean over layers tells forget from retain questions: 1 is perfect, 1/2 blind."""
    gates = questions.set_index("set")["gate"]
    if gates.isna().any():
        return {}
    return {"gate_auroc": auroc(gates.loc[["retain"]].to_numpy(), gates.loc[["forget"]].to_numpy())}


def memorisation(scores: pd.DataFrame) -> dict[str, float]:
    """Means over the forget set, and each attack's AUROC against authors never trained on (nan without a holdout)."""
    forget, holdout = (scores[scores["set"] == name] for name in ("forget", "holdout"))
    found = {f"forget_{name}": float(forget[name].mean()) for name in ("exact_memorisation", "extraction_strength")}
    for attack in ATTACKS:
        known = len(holdout) > 0
        found[f"mia_{attack}"] = auroc(forget[attack].to_numpy(), holdout[attack].to_numpy()) if known else np.nan
    return found


def snapshot_scores(snapshots: pd.DataFrame) -> pd.DataFrame:
    """step, set, index, rougeL, probability: one row per step and question."""
    if snapshots.empty:
        return pd.DataFrame(columns=["step", "set", "index", "probability", "rougeL"])
    return pd.DataFrame(
        {
            "step": snapshots["step"],
            "set": snapshots["set"],
            "index": snapshots.groupby(["step", "set"]).cumcount(),
            "probability": probability(snapshots.nll.to_numpy(), snapshots.n.to_numpy()),
            "rougeL": [rouge_l_recall(g, a) for g, a in zip(snapshots.generation, snapshots.answer, strict=True)],
        }
    )


def snapshot_summary(scored: pd.DataFrame) -> pd.DataFrame:
    """step, forget_rougeL, forget_probability, retain_rougeL, retain_probability: means of snapshot_scores per step."""
    if scored.empty:
        return scored
    table = scored.pivot_table(index="step", columns="set", values=["rougeL", "probability"])
    table.columns = [f"{name}_{metric}" for metric, name in table.columns]
    return table.reset_index()


def forget_quality(unlearned: pd.DataFrame, retain: pd.DataFrame) -> dict[str, float | int]:
    """Two-sample KS test on raw truth ratios of the forget set: p-value, statistic and both sizes.

    Source: TOFU (Maini 2024), section 2.2.2; scipy's ks_2samp with its default method.
    """
    ours = unlearned.loc[unlearned["set"] == "forget", "raw_ratio"]
    gold = retain.loc[retain["set"] == "forget", "raw_ratio"]
    test = ks_2samp(ours, gold)
    return {
        "forget_quality": float(test.pvalue),
        "ks_statistic": float(test.statistic),
        "n_unlearned": len(ours),
        "n_retain": len(gold),
    }
