"""What a carrier is: where the trained parameters live.

A carrier is one file of this package, or of the user's own, that states

    TRAINS = "weights" | "adapters" | "edits"    what it trains: the model's own weights, adapters beside them, or edits of block
                                                 outputs at the last prompt token (the model is then frozen)
    PARAMETERS, LIMITS                           the keys that a study sets, with defaults (None: needed), and their limits
    OPTIONAL, TOGETHER                           keys that may stay null; keys that go together
    CONVENTIONS                                  keys that a study's `conventions` fill in
    PACKABLE = False                             whether the model (as it then is) and `edits` are all that acts, so that the
                                                 fast engine may run blocks by themselves; if not, the plain engine serves it
    SHARDABLE = False                            whether several processes may share its training
    DECAYS = True                                whether weight decay may be put on what it trains
    WHOLE = False                                of weights: whether what it saves is the model by itself where no adapters lie beneath,
                                                 in transformers' form. That is then read in place of what it was made from,
                                                 and `load` is not called

and holds one class that extends Carrier, named by `CLASS`.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jaxtyping import Float, Int
from torch import Tensor, nn

from grunflow.config.parts import CarrierSpec


@dataclass
class Output:
    """Logits, and gate logits per gated block (empty without a gate)."""

    logits: Float[Tensor, "batch token vocab"]
    gate_logits: list[Tensor]


@dataclass
class States:
    """Output of one block, and gate logits per gated block (empty without a gate)."""

    hidden: Float[Tensor, "batch token width"]
    gate_logits: list[Tensor]


class Carrier:
    """Trained parts on a model. A new one is trainable, and leaves what lies beneath it as it is.

    Args:
        spec: its keys.
        model: a transformers model, on which the carriers `beneath` already act.
        beneath: those, innermost first; frozen.

    Attributes:
        packable: PACKABLE of its file, also of one whose class extends another's.
        edits: what acts on block outputs at the last prompt token, a StateEdit by block; empty where the model itself is changed.
    """

    packable: bool = False

    def __init__(self, spec: CarrierSpec, model: Any, beneath: Sequence["Carrier"] = ()) -> None:
        self.spec, self.model = spec, model

    @property
    def edits(self) -> Mapping[int, Any]:
        return {}

    @property
    def trained_module(self) -> nn.Module:
        """The module whose parameters that require a gradient are trained."""
        return self.model

    def trained(self) -> list[nn.Parameter]:
        """What is trained."""
        return [parameter for parameter in self.trained_module.parameters() if parameter.requires_grad]

    def freeze(self) -> None:
        """Nothing of it is trained any more, and nothing of it is random: another carrier is put on top."""
        for parameter in self.trained():
            parameter.requires_grad_(False)

    def acting(self, positions: Int[Tensor, " batch"]) -> AbstractContextManager[list[Tensor]]:
        """Around a call of the model; gives a list that collects gate logits. positions: last prompt token of each row."""
        return nullcontext([])

    def switched_off(self) -> AbstractContextManager[None]:
        """Around a call that nothing is differentiated by: the model as it was before this carrier. Of one that changes the
        model's own weights there is no way back."""
        raise NotImplementedError

    def save(self, folder: Path) -> None:
        """The trained parts."""
        raise NotImplementedError

    def load(self, folder: Path, share: float) -> None:
        """Put trained parts in place of the new ones; share: how far, from the model beneath (0) to what was trained (1). It may
        be called again with a larger share."""
        raise NotImplementedError
