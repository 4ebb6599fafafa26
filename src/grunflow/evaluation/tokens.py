"""What memorisation and membership metrics read of one answer. No torch: aggregation imports its readers."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float


@dataclass
class TokenScores:
    """What the model says of each label of one example, eos the last: log p, whether it is the arg-max, and mean and variance of
    the log p under the model's own distribution (for Min-K%++)."""

    log_p: Float[np.ndarray, " label"]
    correct: Bool[np.ndarray, " label"]
    mean: Float[np.ndarray, " label"]
    variance: Float[np.ndarray, " label"]
