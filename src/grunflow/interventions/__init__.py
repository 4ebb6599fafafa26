"""Representation edits: LoReFT, the gate, their composition, and hooks that apply them."""

from importlib import import_module
from pathlib import Path
from typing import Any

from grunflow.interventions.gated import GatedLoReFT

__all__ = ["GatedLoReFT", "load_pyvene"]


def load_pyvene(run_folder: Path | str, model: Any) -> Any:
    """pyvene's IntervenableModel with the edits of a finished run on `model`, the transformers model that it started from
    (interventions/pyvene.py). pyvene is imported when this is called, by name: no stage's result depends on it."""
    return import_module("grunflow.interventions.pyvene").load_pyvene(run_folder, model)
