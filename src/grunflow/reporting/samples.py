"""The figures of every TOFU method as samples over seeds and questions."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from grunflow.data.splits import EVALUATION_SETS
from grunflow.evaluation.aggregate import METRICS, UTILITY_SETS
from grunflow.reporting.intervals import Sample, of_questions

METHOD = ["model", "forget_split", "objective", "carrier", "variant"]
SEEDS = ["target_seed", "unlearn_seed"]
# Figures of a run without a per-question form, where a run has them.
PER_RUN = (
    "ks_statistic",
    "gate_auroc",
    "forget_exact_memorisation",
    "forget_extraction_strength",
    "mia_loss",
    "mia_min_k",
    "mia_min_k_pp",
    "mia_zlib",
)


def by_method(metrics: pd.DataFrame, questions: pd.DataFrame) -> dict[tuple[str, ...], dict[str, Sample]]:
    """Method (METHOD) -> figure -> sample; seeds in one order for every method, so that differences are paired.

    Args:
        metrics, questions: parquet files of stages/aggregate.py.
    """
    found = {}
    for identity, group in metrics.groupby(METHOD, sort=False):
        found[identity] = of_method(group.sort_values(SEEDS), questions)
    return found


def of_method(group: pd.DataFrame, questions: pd.DataFrame) -> dict[str, Sample]:
    """Every figure of the runs of one method, one row of `group` per seed."""
    mine = questions[questions["run"].isin(group["run"])]
    samples, scores = {}, {}
    for name in EVALUATION_SETS:
        of_set = mine[mine["set"] == name]
        for metric in (*METRICS, "truth_ratio_grun"):
            table = of_set.pivot(index="run", columns="index", values=metric)
            scores[name, metric] = table.loc[group["run"]].to_numpy()
            samples[f"{name}_{metric}"] = of_questions(scores[name, metric])
        if _known(group, f"{name}_gate"):
            samples[f"{name}_gate"] = Sample(group[f"{name}_gate"].to_numpy())
    samples["model_utility"] = _utility(group["model_utility"].to_numpy(), scores)
    return samples | {name: Sample(group[name].to_numpy()) for name in PER_RUN if _known(group, name)}


def _known(group: pd.DataFrame, name: str) -> bool:
    return name in group and bool(group[name].notna().all())


def _utility(per_seed: NDArray, scores: dict[tuple[str, str], NDArray]) -> Sample:
    """Model Utility, the harmonic mean MU of nine means m: each question adds sum_m MU^2 / (9 m^2) times its scores
    (the gradient of MU), on each of the three sets."""
    per_question = []
    means = {key: scores[key].mean() for key in scores}
    nine = [means[name, metric] for name in UTILITY_SETS for metric in METRICS]
    utility = 0.0 if min(nine) <= 0 else len(nine) / sum(1 / mean for mean in nine)
    for name in UTILITY_SETS:
        slopes = {m: utility**2 / (len(nine) * max(means[name, m], 1e-12) ** 2) for m in METRICS}
        per_question.append(np.sum([slopes[m] * scores[name, m] for m in METRICS], axis=0))
    return Sample(per_seed, tuple(per_question))
