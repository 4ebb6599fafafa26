"""A training batch on the upper part of a frozen model, from the first edited block and the edited position on.

By causality nothing below that block and before that position depends on the edits, so it is computed once per example
(training/frozen_states.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from grunflow.costs.flops import Extent
from grunflow.interventions.gated import StateEdit
from grunflow.interventions.packed import Group, attend_in_groups, run_blocks

ROWS_PER_GROUP = 8


@dataclass
class FrozenRow:
    """What the frozen model computed for one example with `own` = labels many positions from the edited one on.

    hidden: output of the first edited block there. keys, values: of every block above it, at the positions before.
    final: the frozen model's last hidden state (after the norm), from which its logits follow. labels: the token that
    each position predicts. nll: their summed NLL under the frozen model, nats.
    """

    hidden: Float[Tensor, "own width"]
    keys: Float[Tensor, "upper head prefix size"]
    values: Float[Tensor, "upper head prefix size"]
    final: Float[Tensor, "own width"]
    labels: Int[Tensor, " own"]
    nll: Float[Tensor, ""]


@dataclass
class Pack:
    """A batch of frozen rows, their tokens one after the other, those of shorter rows first.

    first: the token index of each row's edited position. row: the row of each token. earlier: keys and values of each
    group's prefixes, (upper, row, head, prefix, size), padded on the left.
    """

    hidden: Float[Tensor, "token width"]
    final: Float[Tensor, "token width"]
    labels: Int[Tensor, " token"]
    nll: Float[Tensor, " row"]
    positions: Int[Tensor, " token"]
    first: Int[Tensor, " row"]
    row: Int[Tensor, " token"]
    groups: list[Group]
    earlier: list[tuple[Tensor, Tensor]]

    @property
    def n_rows(self) -> int:
        return len(self.first)

    @property
    def n_labels(self) -> Int[Tensor, " row"]:
        return torch.bincount(self.row, minlength=self.n_rows)

    @property
    def extent(self) -> Extent:
        return Extent(len(self.labels), sum(group.mask.numel() for group in self.groups), self.n_rows)


def pack(given: list[FrozenRow], device: torch.device) -> Pack:
    """Tokens lie sorted by their rows' lengths; everything per row (first, row, nll) keeps the order of `given`."""
    order = sorted(range(len(given)), key=lambda index: len(given[index].labels))
    rows = [given[index] for index in order]
    lengths = torch.tensor([len(row.labels) for row in rows])
    starts = lengths.cumsum(0) - lengths
    parts = [slice(at, at + ROWS_PER_GROUP) for at in range(0, len(rows), ROWS_PER_GROUP)]
    groups = [Group.of(lengths[part].tolist(), [row.keys.shape[2] for row in rows[part]], device) for part in parts]
    positions = torch.cat([torch.arange(len(row.labels)) + row.keys.shape[2] for row in rows])
    first = torch.empty_like(starts)
    first[order] = starts

    def joined(name: str) -> Tensor:
        return torch.cat([getattr(row, name) for row in rows]).to(device)

    return Pack(
        joined("hidden"),
        joined("final"),
        joined("labels"),
        torch.stack([row.nll for row in given]).to(device),
        positions.to(device),
        first.to(device),
        torch.repeat_interleave(torch.tensor(order), lengths).to(device),
        groups,
        [(_prefixes(rows[part], "keys").to(device), _prefixes(rows[part], "values").to(device)) for part in parts],
    )


def _prefixes(rows: list[FrozenRow], name: str) -> Float[Tensor, "upper row head prefix size"]:
    """Keys or values of the rows' prefixes, padded on the left."""
    by_place = [getattr(row, name).permute(2, 0, 1, 3) for row in rows]
    return pad_sequence(by_place, batch_first=True, padding_side="left").permute(2, 0, 3, 1, 4)


@dataclass
class _Cached:
    """Each row attends to its cached prefix."""

    groups: list[Group]
    earlier: list[tuple[Tensor, Tensor]]
    first: int  # the block above the first edited one

    def attend(self, block: int, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        at = block - self.first
        earlier = [(keys[at], values[at]) for keys, values in self.earlier]
        return attend_in_groups(self.groups, query, key, value, scale, earlier)


def packed_forward(
    model: Any, edits: Mapping[int, StateEdit], packs: Sequence[Pack]
) -> list[tuple[Float[Tensor, "token vocab"], list[Tensor]]]:
    """Each pack's logits at its positions, and gate logits (" row") per gated block. All run through the blocks as one.

    Equals the whole model's forward pass with the edits at the last prompt token, for frozen weights.
    """
    above = min(edits) + 1
    tokens, rows = [len(pack.labels) for pack in packs], [pack.n_rows for pack in packs]
    edited = torch.cat([pack.first + sum(tokens[:at]) for at, pack in enumerate(packs)])
    groups = [group for pack in packs for group in pack.groups]
    earlier = [prefixes for pack in packs for prefixes in pack.earlier]
    hidden, gate_logits = run_blocks(
        model,
        torch.cat([pack.hidden for pack in packs]),
        torch.cat([pack.positions for pack in packs]),
        _Cached(groups, earlier, above),
        edits,
        edited,
        above,
    )
    gates = [gate.split(rows) for gate in gate_logits]
    states = model.model.norm(hidden).split(tokens)
    return [(model.lm_head(state), [gate[at] for gate in gates]) for at, state in enumerate(states)]
