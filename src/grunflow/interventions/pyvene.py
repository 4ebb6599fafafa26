"""A run's edits through stock pyvene 0.1.8: for its users, and what tests hold the hooks against.

pyvene removes every forward hook of a model at each call: give it a model instance of its own.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyvene
from pyvene.models.intervenable_modelcard import type_to_module_mapping
from torch import Tensor, nn

from grunflow.carriers.stack import FOLDER, SPEC_FILE, Stack
from grunflow.config.facts import CARRIER, fact_of
from grunflow.config.parts import CarrierSpec
from grunflow.errors import BadInput
from grunflow.interventions.gated import GatedLoReFT
from grunflow.manifest import MANIFEST, identity, read_manifest
from grunflow.models.blocks import block

COMPONENT = "block_output"


class PyveneGatedLoReFT(pyvene.SourcelessIntervention, pyvene.TrainableIntervention):
    """A GatedLoReFT in pyvene's interface.

    Sourceless, not ConstantSource: of the latter `IntervenableModel.load` reads a `source_representation`, which an edit does not
    have (pyvene/models/intervenable_base.py). pyvene makes the class anew from a config that knows neither rank nor gate: they
    lie beside the weights in the state, and the edit is made when that is read.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.edit: GatedLoReFT | None = None

    def forward(self, base: Tensor, source: Tensor | None = None, subspaces: object = None) -> Tensor:
        assert self.edit is not None, "an edit is put in, or loaded"
        return self.edit(base)

    def get_extra_state(self) -> dict[str, Any]:
        assert self.edit is not None, "an edit is put in, or loaded"
        rotation: Tensor = self.edit.loreft.rotation.weight  # type: ignore[assignment]
        width, rank = rotation.shape
        return {"width": width, "rank": rank, "gate": self.edit.gate_kind, "strength": self.edit.strength}

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """Make the edit; torch reads the weights into it afterwards."""
        self.edit = GatedLoReFT(state["width"], state["rank"], state["gate"])
        self.edit.strength = state["strength"]


def intervenable(model: nn.Module, edits: Mapping[int, GatedLoReFT]) -> pyvene.IntervenableModel:
    """Wrap `model` so that pyvene applies edits[layer] to the block output of each layer.

    Raises:
        BadInput: pyvene does not know where the blocks of this architecture are, or there is no such block.
    """
    if COMPONENT not in type_to_module_mapping.get(type(model), {}):
        known = sorted(kind.__name__ for kind, parts in type_to_module_mapping.items() if COMPONENT in parts)
        raise BadInput(
            f"pyvene knows no blocks of {type(model).__name__}: expected one of {', '.join(known)}; generate with the product."
        )
    for layer in edits:
        block(model, layer)  # refuses one that the model does not have
    config = pyvene.IntervenableConfig(
        [
            {
                "layer": layer,
                "component": COMPONENT,
                "unit": "pos",
                "max_number_of_units": 1,
                "intervention_type": PyveneGatedLoReFT,
            }
            for layer in sorted(edits)
        ]
    )
    wrapped = pyvene.IntervenableModel(config, model)
    for layer, intervention in zip(sorted(edits), wrapped.interventions.values(), strict=True):
        intervention.edit = edits[layer]
    return wrapped


def load_pyvene(run_folder: Path | str, model: Any) -> pyvene.IntervenableModel:
    """pyvene's model with the edits of a finished run.

    Args:
        run_folder: of a run whose carrier edits block outputs.
        model: the transformers model that the run started from. pyvene takes it over: all its forward hooks go.

    Raises:
        BadInput: the run trained something else than edits, lies on other runs, started from another model, or pyvene does not
            know the architecture.
    """
    folder, stack = Path(run_folder), Stack(model)
    _check_start(folder, read_manifest(folder), model)
    _check_carrier(folder)
    try:
        stack.restore(folder)
    except RuntimeError as error:
        told = " ".join(str(error).split())[:200]
        raise BadInput(f"{folder}: its edits do not fit the model: {told}; load the one it started from.") from error
    for edit in stack.edits.values():
        edit.requires_grad_(True)  # as pyvene's own trainable interventions are
    return intervenable(model, stack.edits)


def _check_carrier(folder: Path) -> None:
    """Before anything is loaded: another carrier's weights would go into the caller's model."""
    place = folder / FOLDER / SPEC_FILE
    if not place.is_file():
        return  # Stack.restore says what is missing
    spec = CarrierSpec.model_validate_json(place.read_text())
    if not spec.file and fact_of(CARRIER, spec.kind, "TRAINS", "") != "edits":
        raise BadInput(f"{folder}: carrier {spec.name} trains no edits of block outputs; ask for a run that does.")


def _check_start(folder: Path, manifest: Mapping[str, Any], model: Any) -> None:
    """As far as records tell: a model that transformers loaded from a stage's folder is named by it."""
    if manifest["spec"].get("beneath"):
        raise BadInput(
            f"{folder}: lies on other runs, which pyvene would leave out; ask for a run on a fine-tuned model."
        )
    origin = Path(model.config.name_or_path or ".")
    started = manifest["inputs"].get("start", {})
    if (origin / MANIFEST).is_file() and identity(read_manifest(origin)) not in started.values():
        raise BadInput(
            f"{folder}: was trained on {', '.join(started) or 'a model of the hub'}, not on {origin}; load that model."
        )


def locations(positions: Sequence[int], layers: int) -> dict[str, Any]:
    """pyvene's `unit_locations`: position p of each row, the same for every layer."""
    return {"sources->base": (None, [[[p] for p in positions]] * layers)}
