"""Truth Ratio, in TOFU's form and in the form of the GRUN authors' collection script."""

import numpy as np
from numpy.typing import NDArray


def raw_ratio(perturbed: NDArray, paraphrased: float) -> float:
    """t = exp(-mean_k loss_k) / exp(-loss_paraphrased); losses are nats per token. Forget Quality reads this.

    A geometric mean of the wrong answers' probabilities over that of the right one.
    """
    return float(np.exp(paraphrased - perturbed.mean()))


def on_forget(ratios: NDArray) -> NDArray:
    """min(t, 1 / t): 1 where right and wrong answers are equally likely; higher is better forgetting."""
    return np.minimum(ratios, 1 / np.maximum(ratios, 1e-300))


def on_others(ratios: NDArray) -> NDArray:
    """max(0, 1 - t): 1 where only the right answer is likely; higher is better knowledge."""
    return np.maximum(0, 1 - ratios)


def grun_form(perturbed: NDArray, paraphrased: float) -> float:
    """max(0, 1 - R), R with an arithmetic mean of probabilities; used on every set, the forget set too.

    On the forget set it moves against TOFU's form. Source: the authors' collect_results (b59fd78).
    """
    return float(max(0.0, 1 - np.exp(-perturbed).mean() / np.exp(-paraphrased)))
