"""Membership inference: was this answer trained on? A score is larger for what the model finds less likely.

Source: open-unlearning (d3d7cf9). Min-K% (Shi et al. 2024) and Min-K%++ (Zhang et al. 2024) leave the last label
(eos) out; loss and zlib keep it.
"""

import zlib

import numpy as np
from numpy.typing import NDArray

from grunflow.evaluation.tokens import TokenScores

K = 0.4


def loss(tokens: TokenScores) -> float:
    """Mean NLL of the labels, nats."""
    return -float(tokens.log_p.mean())


def min_k(tokens: TokenScores, k: float = K) -> float:
    """Minus the mean of the max(1, int(n k)) smallest log p."""
    return _minus_smallest(tokens.log_p[:-1], k)


def min_k_pp(tokens: TokenScores, k: float = K) -> float:
    """Min-K% of (log p - mean) / standard deviation, the variance at least 1e-6."""
    spread = np.sqrt(np.maximum(tokens.variance[:-1], 1e-6))
    return _minus_smallest((tokens.log_p[:-1] - tokens.mean[:-1]) / spread, k)


def zlib_ratio(tokens: TokenScores, answer: str) -> float:
    """Mean NLL over the number of zlib-compressed bytes of the answer."""
    return loss(tokens) / len(zlib.compress(answer.encode()))


def _minus_smallest(values: NDArray, k: float) -> float:
    if not len(values):
        return 0.0
    return -float(np.sort(values)[: max(1, int(len(values) * k))].mean())


def attack_scores(tokens: TokenScores, answer: str) -> dict[str, float]:
    """Every attack's score of one answer, by name (evaluation/run_metrics.py, ATTACKS)."""
    return {
        "loss": loss(tokens),
        "min_k": min_k(tokens),
        "min_k_pp": min_k_pp(tokens),
        "zlib": zlib_ratio(tokens, answer),
    }
