"""Exact definitions of the metrics of single questions, over probes' output: (rows of one set, role of the set) -> a value each. No torch.
Those of whole runs: run_metrics.py.
"""

from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grunflow.data.words import check_references
from grunflow.evaluation import truth_ratio as ratios
from grunflow.evaluation.depth import depth
from grunflow.evaluation.probability import normalised_probability

GATE = "gate_"  # gate_<block>: columns of the answers probe


def rouge_l(rows: Any, role: str) -> NDArray:
    """ROUGE-L recall of the greedy answer (evaluation/rouge.py), where it was given in part of what is left of it; of a log that
    holds no texts, its own."""
    if "rougeL" in rows:
        return rows["rougeL"].to_numpy(float)
    from grunflow.evaluation.rouge import rouge_l_recall

    right = rows["left" if "left" in rows else "answer"]
    check_references(right, "evaluated questions")
    return np.array([rouge_l_recall(text, answer) for text, answer in zip(rows["generation"], right, strict=True)])


def accuracy(rows: Any, role: str) -> NDArray:
    """1 where the question was answered rightly, else 0; of a graded task its score."""
    return rows["correct"].to_numpy(float)


def probability(rows: Any, role: str) -> NDArray:
    """exp(-NLL / labels) of the right answer; of world knowledge, where every question has wrong options, over the sum with
    theirs (TOFU)."""
    right = rows["nll_answer"].to_numpy() / rows["n_answer"].to_numpy()
    if role != "world" or not all(map(len, rows["nll_perturbed"])):
        return np.exp(-right)
    # Over the likeliest of each question's answers, which cancels: all of them may be too unlikely for a float.
    wrong = _wrong(rows)
    least = [losses.min(initial=loss) for loss, losses in zip(right, wrong, strict=True)]
    return normalised_probability(
        np.exp(least - right), [np.exp(low - losses) for low, losses in zip(least, wrong, strict=True)]
    )


def raw_ratio(rows: Any, role: str = "") -> NDArray:
    """t, wrong over right answers (evaluation/truth_ratio.py): what Forget Quality compares."""
    return np.array([ratios.raw_ratio(losses, loss) for losses, loss in zip(_wrong(rows), _right(rows), strict=True)])


def truth_ratio(rows: Any, role: str) -> NDArray:
    """TOFU's: min(t, 1 / t) on the forget set, max(0, 1 - t) elsewhere."""
    raw = raw_ratio(rows)
    return ratios.on_forget(raw) if role == "forget" else ratios.on_others(raw)


def truth_ratio_grun(rows: Any, role: str) -> NDArray:
    """The authors' form, the same on every set."""
    return np.array([ratios.grun_form(losses, loss) for losses, loss in zip(_wrong(rows), _right(rows), strict=True)])


def right_within_k(rows: Any, role: str) -> NDArray:
    """1 - C(n - c, k) / C(n, k): the probability that of k answers, taken from n drawn of which c are right, one is right; on a set
    to be forgotten leak@k.

    Source: pass@k (Chen et al., 2107.03374, eq. 1).
    """
    counts = zip(rows["draws"], rows["right"], rows["k"], strict=True)
    return np.array([1 - comb(int(n - c), int(k)) / comb(int(n), int(k)) for n, c, k in counts])


def left_within(rows: Any, role: str) -> NDArray:
    """1 - UDS (evaluation/depth.py). A question of which no block holds anything has no UDS: it takes the others' mean, which leaves
    the mean over questions the mean over those that have one; nan where none has."""
    found = 1 - np.array([depth(*row) for row in zip(rows["drops"], rows["lacked"], rows["threshold"], strict=True)])
    known = ~np.isnan(found)
    return np.where(known, found, found[known].mean() if known.any() else np.nan)


def gate(rows: Any, role: str) -> NDArray:
    """Mean of the gates over the edited blocks; nan without a gate."""
    gates = [column for column in rows if column.startswith(GATE)]
    return rows[gates].mean(axis=1).to_numpy(float) if gates else np.full(len(rows), np.nan)


def _wrong(rows: Any) -> list[NDArray]:
    return [np.asarray(nll) / np.asarray(n) for nll, n in zip(rows["nll_perturbed"], rows["n_perturbed"], strict=True)]


def _right(rows: Any) -> NDArray:
    return (rows["nll_paraphrased"] / rows["n_paraphrased"]).to_numpy()
