"""A training batch of whole texts without padding: the tokens of all of them one after the other.

For what trains the model itself: nothing of it is known before the step, so every token goes through every block; the head is
run where a label is predicted, which of a question with its answer is about the last third.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from grunflow.carriers.stack import Stack
from grunflow.costs.flops import Extent
from grunflow.data.prompts import Example
from grunflow.interventions.packed import Group, attend_in_groups, run_blocks, unpackable

ROWS_PER_GROUP = 8


@dataclass
class TextPack:
    """Whole texts, those of shorter rows first.

    positions: of each token in its text. edited: the token index of each row's last prompt token. predicting: the tokens that
    predict a label; labels: these; row: the row of each label. reference_nll: summed NLL of each row's labels under the
    model before unlearning, where it was computed once.
    """

    input_ids: Int[Tensor, " token"]
    positions: Int[Tensor, " token"]
    edited: Int[Tensor, " row"]
    predicting: Int[Tensor, " label"]
    labels: Int[Tensor, " label"]
    row: Int[Tensor, " label"]
    groups: list[Group]
    reference_nll: Float[Tensor, " row"] | None = None

    @property
    def n_rows(self) -> int:
        return len(self.edited)

    @property
    def n_labels(self) -> Int[Tensor, " row"]:
        return torch.bincount(self.row, minlength=self.n_rows)

    @property
    def extent(self) -> Extent:
        tokens = len(self.input_ids)
        return Extent(tokens, sum(group.mask.numel() for group in self.groups), self.n_rows, tokens - len(self.labels))


def text_pack(examples: Sequence[Example], device: torch.device, loss_on_prompt: bool = False) -> TextPack:
    """Tokens lie sorted by their rows' lengths; everything per row (edited, row) keeps the order of `examples`.

    Args:
        loss_on_prompt: every token but a row's first is a label, not the answer's alone.
    """
    order = sorted(range(len(examples)), key=lambda index: len(examples[index].ids))
    rows = [examples[index] for index in order]
    lengths = torch.tensor([len(row.ids) for row in rows])
    starts = lengths.cumsum(0) - lengths
    first = [1 if loss_on_prompt else max(1, row.prompt_length) for row in rows]
    labelled = [start + torch.arange(at, len(row.ids)) for start, at, row in zip(starts, first, rows, strict=True)]
    ids, at_labels = torch.cat([torch.tensor(row.ids) for row in rows]), torch.cat(labelled)
    edited = torch.empty_like(starts)
    edited[order] = starts + torch.tensor([row.prompt_length - 1 for row in rows])
    counts = torch.tensor([len(part) for part in labelled])
    parts = [lengths[at : at + ROWS_PER_GROUP].tolist() for at in range(0, len(rows), ROWS_PER_GROUP)]
    return TextPack(
        ids.to(device),
        torch.cat([torch.arange(length) for length in lengths]).to(device),
        edited.to(device),
        (at_labels - 1).to(device),
        ids[at_labels].to(device),
        torch.repeat_interleave(torch.tensor(order), counts).to(device),
        [Group.of(part, [0] * len(part), device) for part in parts],
    )


@dataclass
class _Alone:
    """Each row attends to itself."""

    groups: list[Group]

    def attend(self, block: int, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        return attend_in_groups(self.groups, query, key, value, scale, [None] * len(self.groups))


def whole_forward(
    stack: Stack, packs: Sequence[TextPack]
) -> list[tuple[Float[Tensor, "label vocab"], list[Float[Tensor, " row"]]]]:
    """Each pack's logits where it has labels, and gate logits per gated block. All run through the blocks as one.

    Equals the model's forward pass on padded rows with the carriers acting (`Stack.packable`).
    """
    model = stack.model
    tokens, rows = [len(pack.input_ids) for pack in packs], [pack.n_rows for pack in packs]
    before = [sum(tokens[:at]) for at in range(len(packs))]
    hidden, gate_logits = run_blocks(
        model,
        model.model.embed_tokens(torch.cat([pack.input_ids for pack in packs])),
        torch.cat([pack.positions for pack in packs]),
        _Alone([group for pack in packs for group in pack.groups]),
        stack.edits,
        torch.cat([pack.edited + start for pack, start in zip(packs, before, strict=True)]),
    )
    predicting = torch.cat([pack.predicting + start for pack, start in zip(packs, before, strict=True)])
    states = model.model.norm(hidden[predicting]).split([len(pack.labels) for pack in packs])
    gates = [gate.split(rows) for gate in gate_logits]
    return [(model.lm_head(state), [gate[at] for gate in gates]) for at, state in enumerate(states)]


def padded_by_model(model: Any, longest: int, processes: int) -> str | None:
    """Why whole texts of this model are trained on padded; None where they may be packed. longest: tokens of the longest text."""
    if processes > 1:
        return "FSDP shards the model, whose blocks then cannot be called by themselves"
    if getattr(model.config, "attention_dropout", 0.0):
        return "the model drops attention in training, which a pack does not"
    return unpackable(model.config, longest)
