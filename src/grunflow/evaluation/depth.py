"""Unlearning depth of one question: how much of what a model that never knew lacks, block by block, a run lacks as well. No torch.

UDS of a question = sum over blocks l of lacked_l * min(max(drop_l / lacked_l, 0), 1) / sum over them of lacked_l, over the blocks whose
lacked_l is above a threshold: those that hold what is to be forgotten. drop_l: by how much the target model's mean log-probability of the
answer's telling words falls, in nats, when the run's states take the place of its own behind block l; lacked_l: the retain model's drop_l.
0: as the target; 1: as the retain model.

Source: Lee, Kim and Jo, 2605.24614, and compute_uds.py of gnueaj/unlearning-depth-score (a6dabd4).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def depth(drops: Sequence[float] | NDArray, lacked: Sequence[float] | NDArray, threshold: float) -> float:
    """UDS of one question; nan where no block holds anything that the retain model lacks."""
    run, retain = np.asarray(drops, float), np.asarray(lacked, float)
    holding = retain > threshold
    if not holding.any():
        return float("nan")
    return float(np.clip(run, 0, retain)[holding].sum() / retain[holding].sum())
