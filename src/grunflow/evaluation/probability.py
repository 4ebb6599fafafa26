"""Probability of an answer, per example."""

import numpy as np
from numpy.typing import NDArray


def probability(nll_sum: NDArray, n_labels: NDArray) -> NDArray:
    """exp(-NLL / labels): the geometric mean of the token probabilities, eos included (TOFU)."""
    return np.exp(-nll_sum / n_labels)


def normalised_probability(right: NDArray, wrong: list[NDArray]) -> NDArray:
    """p / (p + sum of the wrong options' p): real authors and world facts (TOFU).

    Args:
        right: probability of the right answer, per example.
        wrong: per example, probabilities of the wrong options.
    """
    return np.array([p / (p + others.sum()) for p, others in zip(right, wrong, strict=True)])
