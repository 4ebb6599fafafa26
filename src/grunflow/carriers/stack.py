"""A model with the carriers that act on it, in order: the outermost is trained, those beneath are frozen.

What a run trained lies in `carrier/` of its folder; the manifest beside it says what it started from. A model is restored
along that chain, and a missing or foreign link is refused: an untouched model is never taken for an unlearned one.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from grunflow.carriers.base import Carrier, Output, States
from grunflow.config.facts import CARRIER
from grunflow.config.outside import load
from grunflow.config.parts import CarrierSpec
from grunflow.config.terms import WEIGHTS
from grunflow.data.batching import Batch
from grunflow.errors import BadInput
from grunflow.models.blocks import block_output
from grunflow.models.generators import forked
from grunflow.models.head import head_at
from grunflow.models.offloaded import refuse
from grunflow.models.partly import PartlyLoaded

FOLDER, SPEC_FILE = "carrier", "carrier.json"  # inside the folder of a run


def saved_spec(folder: Path) -> CarrierSpec:
    """Of the carrier that a run's folder holds.

    Raises:
        BadInput: it holds none.
    """
    place = folder / FOLDER / SPEC_FILE
    if not place.is_file():
        raise BadInput(f"{folder}: holds no trained carrier (was it discarded, by the study's `keep`?); unlearn again.")
    return CarrierSpec.model_validate_json(place.read_text())


class Stack:
    """A transformers model, and the carriers on it, innermost first. partly: of a model of which not every block is loaded."""

    def __init__(self, model: Any, partly: PartlyLoaded | None = None) -> None:
        self.model: Any = model
        self.partly = partly
        self.carriers: list[Carrier] = []

    @property
    def top(self) -> Carrier:
        """The outermost carrier."""
        if not self.carriers:
            raise ValueError("no carrier: nothing is trained")
        return self.carriers[-1]

    @property
    def packable(self) -> bool:
        """Whether the model, as it is, and `edits` are all that acts."""
        return all(carrier.packable for carrier in self.carriers) and sum(bool(c.edits) for c in self.carriers) < 2

    @property
    def edits(self) -> Mapping[int, Any]:
        """The edits (StateEdit) of the outermost carrier that has some."""
        return next((carrier.edits for carrier in reversed(self.carriers) if carrier.edits), {})

    @property
    def gated_blocks(self) -> list[int]:
        """Blocks whose gates `acting` collects, in order of depth."""
        return [block for block, edit in sorted(self.edits.items()) if edit.gate is not None]

    def view(self, carriers: int | None = None) -> "Stack":
        """The same model with (the first `carriers` of) what acts on it now: a carrier that is put on top later acts in it only
        as far as it changes the model itself."""
        found = Stack(self.model)
        found.carriers = self.carriers[:carriers]
        return found

    def undisturbed(self) -> AbstractContextManager[None]:
        """Around a call of a model that another one shares (training/reference.py)."""
        return nullcontext()

    def attach(self, spec: CarrierSpec, seed: int, files: Iterable[Path] = (), in_place: bool = False) -> None:
        """Put a new carrier on top, initialised from `seed`; the global generator is left as it was. in_place: the model's weights are
        already those that it trained."""
        file = load(CARRIER, spec, files)
        for carrier in self.carriers:
            carrier.freeze()
        with forked():
            torch.manual_seed(seed)
            self.carriers.append(file.CLASS(spec, self.model, tuple(self.carriers)))
        self.top.packable = getattr(file, "PACKABLE", False)
        if not (self.top.edits or in_place):
            refuse(self.model, f"carrier {spec.name}")

    def restore(
        self,
        folder: Path,
        share: float = 1.0,
        files: Iterable[Path] = (),
        trainable: bool = False,
        in_place: bool = False,
    ) -> None:
        """Put the carrier saved in `folder` on top, frozen, or to be trained on. share: how far from what lies beneath (0) to what
        was trained (1). in_place: the model holds what a carrier of weights trained.

        Raises:
            BadInput: there is none.
        """
        spec = saved_spec(folder)
        loaded = in_place and load(CARRIER, spec, files).TRAINS == WEIGHTS
        self.attach(spec, 0, files, loaded)
        if not loaded:
            self.top.load(folder / FOLDER, share)
        if not trainable:
            self.top.freeze()

    def rescale(self, folder: Path, share: float) -> None:
        """The outermost carrier, saved in `folder`, applied to another share."""
        self.top.load(folder / FOLDER, share)

    def save(self, folder: Path) -> None:
        """The outermost carrier's trained parts, and the spec that restores them, in a folder of their own inside `folder`."""
        place = folder / FOLDER
        place.mkdir()
        self.top.save(place)
        (place / SPEC_FILE).write_text(self.top.spec.model_dump_json(indent=1))

    @contextmanager
    def acting(self, positions: Int[Tensor, " batch"]) -> Iterator[list[Tensor]]:
        """Around a call of the model: every carrier acts, the inner ones first; yields the gate logits of the outermost that
        edits."""
        with ExitStack() as stack:
            collected: list[Tensor] = []
            for carrier in self.carriers:
                gate_logits = stack.enter_context(carrier.acting(positions))
                collected = gate_logits if carrier.edits else collected
            yield collected

    def forward(self, batch: Batch) -> Output:
        """Logits with every carrier acting."""
        with self.acting(batch.positions) as gate_logits:
            logits = self.model(**batch.inputs()).logits
        return Output(logits, gate_logits)

    def logits_at(
        self, batch: Batch, wanted: Bool[Tensor, "batch token"]
    ) -> tuple[Float[Tensor, "position vocab"], list[Tensor]]:
        """Logits at the wanted positions alone, row after row, with every carrier acting; and gate logits."""
        with self.acting(batch.positions) as gate_logits, head_at(self.model, wanted):
            logits = self.model(**batch.inputs()).logits
        return logits[0], gate_logits

    def states(self, batch: Batch, layer: int) -> States:
        """Output of one block. Every gate is read, also those above `layer`; an edit above it without a gate is not run."""
        with self.acting(batch.positions) as gate_logits:
            hidden = block_output(self.model, batch.inputs(), layer, max(self.gated_blocks, default=layer))
        return States(hidden, gate_logits)

    def trained(self) -> list[nn.Parameter]:
        return self.top.trained()
