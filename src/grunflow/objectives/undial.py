"""UNDIAL: the model learns its own distribution from before, with the answer's logit lowered.

Source: Dong et al. 2024 (2402.10052), eq. 2. Deviates from open-unlearning (d3d7cf9), which averages over prompt and padding
too and lets -100 index the vocabulary.
"""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import log_softmax

from grunflow.config.parts import ObjectiveSpec
from grunflow.objectives.scores import Pair

READS = ("answers",)
REFERENCE = "logits"
RETAIN = "none"
PARAMETERS = {"beta": 0.1}
LIMITS = {"beta": "positive"}
MEANINGS = {"beta": "by how much the answer's logit is lowered"}


def forget(answers: Pair, refusals: None, spec: ObjectiveSpec) -> Float[Tensor, ""]:
    """Cross-entropy to the reference's distribution with the label's logit lowered by `beta`, mean over labels."""
    lowered, labels = answers.known.logits.clone(), answers.known.label_ids
    lowered[torch.arange(len(labels), device=labels.device), labels] -= spec.beta
    wanted = torch.softmax(lowered, dim=-1)
    return -(wanted * log_softmax(answers.current.logits, dim=-1)).sum() / answers.current.labels
