"""Carrier reft: LoReFT edits of a frozen model at a few blocks, without a gate (ReFT, 2404.03592)."""

from grunflow.carriers.representation import Representation

TRAINS = "edits"
PARAMETERS = {"rank": None, "layers": None}
LIMITS = {"rank": "rank", "layers": "blocks"}
MEANINGS = {"rank": "dimensions that an edit changes", "layers": "blocks whose outputs are edited, counted from 0"}
PACKABLE = True
DECAYS = False
CLASS = Representation
