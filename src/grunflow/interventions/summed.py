"""Several edits of one place, trained apart, that act as one."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from grunflow.interventions.gated import Edit, GatedLoReFT, StateEdit


class SummedEdit(StateEdit):
    """h' = h + factor * sum_i change_i(h): every edit reads the same h.

    The gate logit is the largest of the edits' own. Deviates: the authors report that of the last edit.

    Args:
        edits: one or more, all with a gate or none.
        factor: of the authors' 0.6 N + 0.6 for N edits.

    Source: GRUN's sequential unlearning, `GatedLoreftIntervention_MultipleGate` in the authors' code (b59fd78).
    """

    def __init__(self, edits: Sequence[GatedLoReFT], factor: float) -> None:
        super().__init__()
        self.edits, self.factor = list(edits), factor
        self.gate = edits[0].gate

    def edit(self, h: Float[Tensor, "*lead width"]) -> Edit:
        wide = h.to(self.edits[0].loreft.learned_source.weight.dtype)
        changes, logits = zip(*(edit.change(wide) for edit in self.edits), strict=True)
        # Added up by size: the bits of the sum do not depend on the order of the edits.
        total = torch.stack(changes).sort(dim=0).values.sum(dim=0) if len(changes) > 1 else changes[0]
        known = [logit for logit in logits if logit is not None]
        return Edit((wide + self.factor * total).to(h.dtype), torch.stack(known).amax(dim=0) if known else None)
