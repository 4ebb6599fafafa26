"""Which seeds are replicates of what: runs that share a target model are one cluster.

A run has the seed of the target model that it starts from and one of unlearning. What a figure's mean varies with follows from
how they are laid out:
    each run with seeds of its own      runs are replicates
    several runs of each target         targets are (runs of one target share what it is like)
    targets crossed with unlearn seeds  both count, each by the means over the other (the closed form of a crossed model;
                                        what both share is counted twice, on the wide side)
    one target model                    unlearn seeds alone: a statement about this target model
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

TARGET, UNLEARN = SEEDS = ("target_seed", "unlearn_seed")
QUESTIONS_ONLY, BOTH = "questions only", "questions and seeds"
Labels = tuple[int, ...]


def source(runs: int) -> str:
    """What the intervals of a row hold."""
    return BOTH if runs > 1 else QUESTIONS_ONLY


def factors(runs: pd.DataFrame) -> tuple[Labels, ...]:
    """What the runs (rows with both seeds) are grouped by: one label per run of each factor that counts; nothing where each
    run is a replicate by itself."""
    found = {name: tuple(int(label) for label in pd.factorize(runs[name], use_na_sentinel=False)[0]) for name in SEEDS}
    target, unlearn = found[TARGET], found[UNLEARN]
    if len(set(target)) < 2 or len(set(zip(target, unlearn, strict=True))) < len(target):
        return ()
    if _refines(target, unlearn):  # every target has an unlearn seed of its own, or all have the same one
        return ()
    return (target,) if _refines(unlearn, target) else (target, unlearn)


def replicates(runs: int, grouped: Sequence[Labels]) -> int:
    """The fewest of what an interval counts, runs or groups of them: its quantile has one degree of freedom less."""
    return min((len(set(labels)) for labels in grouped), default=runs)


def _refines(fine: Labels, coarse: Labels) -> bool:
    """Whether each label of `fine` has one label of `coarse`."""
    return len(set(zip(fine, coarse, strict=True))) == len(set(fine))


def said(metrics: pd.DataFrame) -> str:
    """A sentence for captions: over which models the intervals speak.

    Args:
        metrics: rows of methods and reference models with both seeds.
    """
    runs = metrics[metrics[UNLEARN].notna()]
    targets, most = runs[TARGET].dropna().nunique(), runs[UNLEARN].nunique()
    if runs.empty:
        return ""
    if len(runs.drop_duplicates(list(SEEDS))) < 2:
        return "One seed: intervals are of the questions only, and nothing is bold."
    if not targets:
        return f"Over {most} unlearn seeds, given the one model that all start from."
    if targets == 1:
        return f"Over {most} unlearn seeds, given one target model: another may give other figures."
    return f"Over {targets} target models and {most} unlearn seeds."


def noises(per_run: NDArray, targets: NDArray) -> tuple[float, float] | None:
    """(targets: a label per run.) Variance between target models and between unlearn seeds of one target model; None unless there are two targets at
    least, one of them with two runs. (Analysis of variance; a negative estimate is 0.)"""
    groups = [per_run[targets == label] for label in np.unique(targets)]
    spare = len(per_run) - len(groups)
    if len(groups) < 2 or spare < 1:
        return None
    within = sum(((group - group.mean()) ** 2).sum() for group in groups) / spare
    means = np.array([group.mean() for group in groups])
    each = np.mean([1 / len(group) for group in groups])
    return max(0.0, float(means.var(ddof=1) - within * each)), float(within)


def larger(per_run: NDArray, targets: NDArray) -> str:
    """`target` or `unlearn`: the seed whose noise is the larger; empty where that cannot be told."""
    found = noises(per_run, targets)
    if found is None or found[0] == found[1]:
        return ""
    return "target" if found[0] > found[1] else "unlearn"
