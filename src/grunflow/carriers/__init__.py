"""Carriers by name; attach a new one to a model, or restore a trained one."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from grunflow.carriers.base import Carrier
from grunflow.carriers.full import Full
from grunflow.carriers.lora import Lora
from grunflow.carriers.representation import Representation
from grunflow.config import specs
from grunflow.errors import BadInput

CARRIERS: dict[str, Any] = {"full": Full, "lora": Lora, "reft": Representation, "grun": Representation}
FOLDER, SPEC_FILE = "carrier", "carrier.json"  # inside the folder of a run


def attach(spec: specs.Carrier, model: nn.Module, seed: int) -> Carrier:
    """A new carrier on `model`, initialised from `seed`; the global generator is left as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return CARRIERS[spec.name](spec, model)


def untouched(model: nn.Module) -> Carrier:
    """The model as it is, for a target, retain or base model."""
    return Full(specs.Carrier(name="full"), model)


def save(carrier: Carrier, spec: specs.Carrier, folder: Path) -> None:
    """The trained parts, and the spec that restores them, in a folder of their own inside `folder`."""
    place = folder / FOLDER
    place.mkdir()
    carrier.save(place)
    (place / SPEC_FILE).write_text(spec.model_dump_json(indent=1))


def restore(folder: Path, model: nn.Module) -> Carrier:
    """The carrier saved in `folder`, acting on `model`.

    Raises:
        BadInput: there is none, so that an untouched model is never taken for an unlearned one.
    """
    place = folder / FOLDER
    if not (place / SPEC_FILE).is_file():
        raise BadInput(f"{folder}: holds no trained carrier (was it discarded, by the study's `keep`?); unlearn again.")
    spec = specs.Carrier.model_validate_json((place / SPEC_FILE).read_text())
    return CARRIERS[spec.name].restore(spec, place, model)
