"""Representation edits: LoReFT, the gate, their composition, and hooks that apply them."""

from grunflow.interventions.gated import GatedLoReFT

__all__ = ["GatedLoReFT"]
