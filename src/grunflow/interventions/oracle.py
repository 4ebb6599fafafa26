"""The same intervention through stock pyvene 0.1.8: the reference that tests hold the hook against.

pyvene removes every forward hook of a model at each call: give it a model instance of its own.
"""

from collections.abc import Mapping

import pyvene
from torch import Tensor, nn

from grunflow.interventions.gated import GatedLoReFT


class PyveneGatedLoReFT(pyvene.ConstantSourceIntervention, pyvene.TrainableIntervention):
    """A GatedLoReFT in pyvene's interface: a trainable intervention without a source."""

    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        self.edit: GatedLoReFT | None = None

    def forward(self, base: Tensor, source: Tensor | None = None, subspaces: object = None) -> Tensor:
        assert self.edit is not None
        return self.edit(base)


def intervenable(model: nn.Module, edits: Mapping[int, GatedLoReFT]) -> pyvene.IntervenableModel:
    """Wrap `model` so that pyvene applies edits[layer] to the block output of each layer."""
    config = pyvene.IntervenableConfig(
        [
            {
                "layer": layer,
                "component": "block_output",
                "unit": "pos",
                "max_number_of_units": 1,
                "intervention_type": PyveneGatedLoReFT,
            }
            for layer in sorted(edits)
        ]
    )
    wrapped = pyvene.IntervenableModel(config, model)
    for layer, key in zip(sorted(edits), wrapped.interventions, strict=True):
        item = wrapped.interventions[key]
        (item[0] if isinstance(item, tuple) else item).edit = edits[layer]
    return wrapped


def locations(positions: list[int], layers: int) -> dict:
    """pyvene's unit locations: position p of each row, the same for every layer."""
    return {"sources->base": (None, [[[p] for p in positions]] * layers)}
