"""What RMU's terms read: hidden states of one block at the selected tokens, in float32."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from grunflow.data.batching import IGNORE_INDEX, Batch

# Keys of every objective that reads states.
PARAMETERS = {"layer": None, "steering": None, "rmu_positions": "tokens"}
LIMITS = {"layer": "block", "steering": "positive", "rmu_positions": ("tokens", "labels", "all")}
MEANINGS = {
    "layer": "the block whose output the terms read, counted from 0",
    "steering": "length of the control vector",
    "rmu_positions": "tokens that the terms are averaged over: all but padding, those after the edited position, or padding too",
}


@dataclass
class StatePair:
    """States of the trained model and what they are drawn to: the control vector, or the states before unlearning.

    tokens: the selected tokens of the whole optimiser step, by which a micro-batch's sums are divided.
    """

    current: Float[Tensor, "selected width"]
    wanted: Float[Tensor, "#selected width"]
    tokens: int


def selected(batch: Batch, positions: str) -> Bool[Tensor, "batch token"]:
    """Which tokens a state term reads: `tokens` (all but padding), `labels` (after the edited position), `all`."""
    if positions == "labels":
        return batch.labels != IGNORE_INDEX
    return batch.attention_mask.bool() if positions == "tokens" else torch.ones_like(batch.attention_mask).bool()


def squared_distance(pair: StatePair) -> Float[Tensor, ""]:
    """Mean over selected tokens and hidden units of (current - wanted)^2.

    Source: RMU (Li et al. 2024, 2403.03218), eqs. 1 and 2; mse_loss in its published code.
    """
    difference = pair.current.float() - pair.wanted.float()
    return difference.square().sum() / (pair.tokens * difference.shape[-1])


def control_vector(width: int, steering: float, seed: int) -> Float[Tensor, " width"]:
    """u / |u| * steering with u uniform in [0, 1): all positive, as in RMU's published code and the authors'."""
    u = torch.rand(width, generator=torch.Generator().manual_seed(seed))
    return u / u.norm() * steering
