"""Carrier grun: LoReFT edits of a frozen model at a few blocks, each behind a soft gate (GRUN, 2502.17823)."""

from grunflow.carriers.representation import Representation

TRAINS = "edits"
PARAMETERS = {"rank": None, "layers": None, "gate": None, "gate_weight": None, "gate_loss": "logits"}
LIMITS = {
    "rank": "rank", "layers": "blocks", "gate": ("linear", "mlp_3"), "gate_weight": "not negative",
    "gate_loss": ("logits", "probabilities"),
}  # fmt: skip
MEANINGS = {
    "rank": "dimensions that an edit changes",
    "layers": "blocks whose outputs are edited, counted from 0",
    "gate": "linear: one layer, width -> 1; mlp_3: width -> 256 -> 64 -> 1",
    "gate_weight": "weight of the gates' own loss",
    "gate_loss": "what its cross-entropy reads: logits or, as the authors do, probabilities; by default as `conventions` says",
}
CONVENTIONS = ("gate_loss",)
PACKABLE = True
DECAYS = False
CLASS = Representation
