"""Exact definitions of the metrics of whole runs: RunScores -> a number, nan where there is none; beside each what it varies with, over
seeds and questions (Metric.sample). No torch; scipy is imported where it is used.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from grunflow.benchmarks.base import RunScores

ATTACKS = ("loss", "min_k", "min_k_pp", "zlib")  # scores of evaluation/membership.py


def harmonic_mean(values: Sequence[Any] | NDArray) -> Any:
    """Over the first axis; 0 if one of them is 0."""
    known = np.asarray(values, float)
    with np.errstate(divide="ignore"):
        return np.where((known > 0).all(axis=0), len(known) / (1 / known).sum(axis=0), 0.0)[()]


def utility(run: "RunScores", sets: Sequence[str], names: Sequence[str]) -> float:
    """Model Utility: harmonic mean of the means of `names` over `sets` (TOFU: three by three)."""
    by_set = {name: rows for name, rows in run.questions.groupby("set", sort=False)}
    return float(harmonic_mean([float(by_set[name][metric].mean()) for name in sets for metric in names]))


def utility_parts(
    scores: Mapping[tuple[str, str], NDArray], sets: Sequence[str], names: Sequence[str]
) -> tuple[NDArray, ...]:
    """Model Utility, the harmonic mean MU of n means m: each question adds sum_m MU^2 / (n m^2) times its scores (the
    gradient of MU), on each set."""
    means = [scores[name, metric].mean() for name in sets for metric in names]
    found = harmonic_mean(means)
    parts = []
    for name in sets:
        slopes = {m: found**2 / (len(means) * max(scores[name, m].mean(), 1e-12) ** 2) for m in names}
        parts.append(np.sum([slopes[m] * scores[name, m] for m in names], axis=0))
    return tuple(parts)


def utility_means(sets: Sequence[str], names: Sequence[str]) -> tuple[Callable[..., Any], tuple[tuple[str, str], ...]]:
    """Model Utility as a function of means, and which."""
    return harmonic_mean, tuple((name, metric) for name in sets for metric in names)


def kolmogorov_smirnov(run: "RunScores", reference: str) -> Any:
    """Two-sample KS test on raw Truth Ratios of the forget set.

    Source: TOFU (Maini 2024), section 2.2.2; scipy's ks_2samp with its default method.
    """
    from scipy.stats import ks_2samp

    return ks_2samp(_ratios(run), _ratios(run.references[reference]))


def _ratios(run: "RunScores") -> NDArray:
    return run.questions.loc[run.questions["set"] == "forget", "raw_ratio"].to_numpy()


def ks_statistic(run: "RunScores") -> float:
    """Largest distance of the two distributions of Truth Ratios: the run's and the retain model's."""
    return float(kolmogorov_smirnov(run, "retain").statistic)


def ks_parts(
    scores: Mapping[tuple[str, str], NDArray], reference: Mapping[tuple[str, str], NDArray]
) -> tuple[NDArray, ...]:
    """The KS statistic as a mean over questions: at the point x of the largest gap, s (1[ratio <= x] - 1[reference's <= x]),
    s the gap's sign. (The point is taken as given: with 40 questions and more the noise of a difference of two statistics is
    met, tests/reporting/test_coverage.py; near 0 one statistic alone is biased upwards.)"""
    mine, theirs = scores["forget", "raw_ratio"], reference["forget", "raw_ratio"]
    return (np.stack([_gap(*pair) for pair in zip(mine, theirs, strict=True)]),)


def _gap(mine: NDArray, theirs: NDArray) -> NDArray:
    points = np.concatenate([mine, theirs])
    below = (mine <= points[:, None]).astype(float) - (theirs <= points[:, None])
    gaps = below.mean(axis=1)
    place = int(np.abs(gaps).argmax())
    return np.asarray(np.copysign(1.0, gaps[place]) * below[place])


def forget_quality(run: "RunScores") -> float:
    """p-value of the same test (TOFU)."""
    return float(kolmogorov_smirnov(run, "retain").pvalue)


def count(run: "RunScores", name: str) -> int:
    """Questions of a set."""
    return int((run.questions["set"] == name).sum())


def auroc(members: NDArray, others: NDArray) -> float:
    """P(score of another > score of a member), ties counted half: 1/2 where they cannot be told apart."""
    from scipy.stats import mannwhitneyu

    return float(mannwhitneyu(others, members).statistic) / (len(members) * len(others))


def auroc_parts(members: NDArray, others: NDArray) -> tuple[NDArray, NDArray]:
    """The AUROC as a mean over members, and as one over others: the structural components of DeLong, DeLong and
    Clarke-Pearson (Biometrics 44 (1988) 837), whose variances add up to its own.

    Args:
        members, others: scores, shape (seeds, questions) each.
    """
    pairs = [_wins(*pair) for pair in zip(members, others, strict=True)]
    return np.stack([wins.mean(axis=1) for wins in pairs]), np.stack([wins.mean(axis=0) for wins in pairs])


def _wins(members: NDArray, others: NDArray) -> NDArray:
    return np.asarray((others > members[:, None]) + 0.5 * (others == members[:, None]))


def gate_auroc(kept: str) -> Callable[["RunScores"], float]:
    """How well the gate's mean over blocks tells forget questions from those of the set `kept`: 1 is perfect, 1/2 blind."""

    def of_run(run: "RunScores") -> float:
        gates = run.questions.set_index("set")["gate"]
        if not {kept, "forget"} <= set(gates.index) or gates.loc[[kept, "forget"]].isna().any():
            return float("nan")
        return auroc(gates.loc[[kept]].to_numpy(), gates.loc[["forget"]].to_numpy())

    return of_run


def gate_parts(kept: str) -> Callable[[Mapping[tuple[str, str], NDArray]], tuple[NDArray, ...]]:
    """Of gate_auroc."""
    return lambda scores: auroc_parts(scores[kept, "gate"], scores["forget", "gate"])


def attack_parts(name: str) -> Callable[[Mapping[tuple[str, str], NDArray]], tuple[NDArray, ...]]:
    """Of attack."""
    return lambda scores: auroc_parts(scores["forget", name], scores["holdout", name])


def privleak_parts(
    scores: Mapping[tuple[str, str], NDArray], reference: Mapping[tuple[str, str], NDArray]
) -> tuple[NDArray, ...]:
    """Of privleak against a retain model, 100 (A / A_ref - 1): to first order 100 (dA / A_ref - A dA_ref / A_ref^2)."""
    of_attack = attack_parts("min_k")
    mine, theirs = of_attack(scores), of_attack(reference)
    known, own = (1 - parts[0].mean(axis=1, keepdims=True) for parts in (theirs, mine))
    return tuple(100 * (own / known**2 * b - a / known) for a, b in zip(mine, theirs, strict=True))


def privleak_parts_of(reference: float) -> Callable[[Mapping[tuple[str, str], NDArray]], tuple[NDArray, ...]]:
    """Of privleak against a known AUC, of which it is linear."""
    of_attack, known = attack_parts("min_k"), 1 - reference
    return lambda scores: tuple(100 * (1 - part - known) / known for part in of_attack(scores))


def sized(parts: Callable[..., tuple[NDArray, ...]]) -> Callable[..., tuple[NDArray, ...]]:
    """Of the size of a figure, from its own parts, whose means have its sign; that is taken as known."""

    def of_size(*scores: Mapping[tuple[str, str], NDArray]) -> tuple[NDArray, ...]:
        return tuple(np.sign(part.mean(axis=1, keepdims=True)) * part for part in parts(*scores))

    return of_size


def column(name: str) -> tuple[str, Callable[[Any, str], NDArray]]:
    """A column of the probe's output that is kept per question (Metric.keeps)."""
    return name, lambda rows, role: rows[name].to_numpy(float)


def memorised(name: str) -> Callable[["RunScores"], float]:
    """Mean of a memorisation score over the forget set."""
    return lambda run: float(_members(run, "forget")[name].mean())


def attack(name: str) -> Callable[["RunScores"], float]:
    """AUROC of a membership attack against questions never trained on; nan without a holdout set."""

    def of_run(run: "RunScores") -> float:
        holdout = _members(run, "holdout")
        return (
            auroc(_members(run, "forget")[name].to_numpy(), holdout[name].to_numpy()) if len(holdout) else float("nan")
        )

    return of_run


def privleak_of(auc: float, reference: float) -> float:
    """100 (A - A_ref) / A_ref, percent, of A = 1 - auc: how often an unseen text is likelier than a member. -100: every member
    stands out, 0: as the reference, above: over-unlearned; nan where A_ref is 0.

    Both AUCs as of `attack`. Source: Shi et al. (2407.06460) section 3; open-unlearning (d3d7cf9) evals/metrics/privacy.py, which adds
    1e-10 to the denominator.
    """
    known = 1 - reference
    return 100 * (1 - auc - known) / known if known else float("nan")


def privleak(reference: float | None = None) -> Callable[["RunScores"], float]:
    """PrivLeak of Min-K%; reference: the AUC that it is held against, None: the one of the study's retain model."""
    of_attack = attack("min_k")

    def of_run(run: "RunScores") -> float:
        return privleak_of(of_attack(run), of_attack(run.references["retain"]) if reference is None else reference)

    return of_run


def _members(run: "RunScores", name: str) -> Any:
    frame = run.frames["membership"]
    return frame[frame["set"] == name]
