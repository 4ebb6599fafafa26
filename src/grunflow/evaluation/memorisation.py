"""How much of an answer the model recites, from the arg-max at each of its tokens; the last label (eos) is left out.

Source: open-unlearning (d3d7cf9), after Carlini et al. 2023 and Wang et al. 2025.
"""

import numpy as np
from jaxtyping import Bool


def exact_memorisation(correct: Bool[np.ndarray, " label"]) -> float:
    """Share of answer tokens that are the arg-max; nan for an answer of eos alone."""
    recited = correct[:-1]
    return float(recited.mean()) if len(recited) else float("nan")


def extraction_strength(correct: Bool[np.ndarray, " label"]) -> float:
    """1 - k / n, k the least number of given tokens after which all others are the arg-max (n - 1 if none is)."""
    recited = correct[:-1].tolist()
    if not recited:
        return float("nan")
    k = len(recited) - 1
    while k > 0 and recited[k] and recited[k - 1]:
        k -= 1
    return 1 - k / len(recited)
