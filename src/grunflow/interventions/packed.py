"""The upper part of a frozen model, from the first edited block on and from the edited position on.

By causality nothing below that block and before that position depends on the edits, so it is computed once per example
(training/frozen_states.py). Rows are packed without padding: all linear layers see one row of real tokens, attention alone
is padded, in groups of rows of similar length.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from grunflow.interventions.gated import GatedLoReFT
from grunflow.models.blocks import blocks

# Architectures whose blocks can be called with packed rows: rotary positions from `model.rotary_emb`, a final `model.norm`.
PACKABLE = ("llama", "mistral", "qwen2")
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
class Group:
    """Rows that attend together: tokens [start, stop) of the pack, their (row, place), prefixes padded on the left."""

    start: int
    stop: int
    row: Int[Tensor, " token"]
    place: Int[Tensor, " token"]
    mask: Tensor  # (rows, 1, own, prefix + own), True where attention is allowed
    keys: Float[Tensor, "upper rows head prefix size"]
    values: Float[Tensor, "upper rows head prefix size"]


@dataclass
class Pack:
    """A batch of frozen rows, their tokens one after the other, those of shorter rows first.

    first: the token index of each row's edited position. row: the row of each token.
    """

    hidden: Float[Tensor, "token width"]
    final: Float[Tensor, "token width"]
    labels: Int[Tensor, " token"]
    nll: Float[Tensor, " row"]
    positions: Int[Tensor, "1 token"]
    first: Int[Tensor, " row"]
    row: Int[Tensor, " token"]
    groups: list[Group]

    @property
    def n_rows(self) -> int:
        return len(self.first)

    @property
    def n_labels(self) -> Int[Tensor, " row"]:
        return torch.bincount(self.row, minlength=self.n_rows)


def pack(given: list[FrozenRow], device: torch.device) -> Pack:
    """Tokens lie sorted by their rows' lengths; everything per row (first, row, nll) keeps the order of `given`."""
    order = sorted(range(len(given)), key=lambda index: len(given[index].labels))
    rows = [given[index] for index in order]
    lengths = torch.tensor([len(row.labels) for row in rows])
    starts = lengths.cumsum(0) - lengths
    groups = [
        _group(rows[at : at + ROWS_PER_GROUP], int(starts[at]), device) for at in range(0, len(rows), ROWS_PER_GROUP)
    ]
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
        positions[None].to(device),
        first.to(device),
        torch.repeat_interleave(torch.tensor(order), lengths).to(device),
        groups,
    )


def _group(rows: list[FrozenRow], start: int, device: torch.device) -> Group:
    lengths = torch.tensor([len(row.labels) for row in rows])
    prefixes = torch.tensor([row.keys.shape[2] for row in rows])
    own, before = int(lengths.max()), int(prefixes.max())
    place = torch.cat([torch.arange(int(length)) for length in lengths])
    causal = torch.ones(own, own).tril().bool()
    kept = torch.arange(before)[None] >= before - prefixes[:, None]
    mask = torch.cat([kept[:, None].expand(-1, own, -1), causal.expand(len(rows), -1, -1)], dim=2)

    def prefix(name: str) -> Tensor:
        upper, heads, _, size = getattr(rows[0], name).shape
        padded = getattr(rows[0], name).new_zeros(upper, len(rows), heads, before, size)
        for index, row in enumerate(rows):
            padded[:, index, :, before - int(prefixes[index]) :] = getattr(row, name)
        return padded.to(device)

    return Group(
        start,
        start + int(lengths.sum()),
        torch.repeat_interleave(torch.arange(len(rows)), lengths).to(device),
        place.to(device),
        mask[:, None].to(device),
        prefix("keys"),
        prefix("values"),
    )


def _attend(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: None,
    dropout: float = 0.0,
    scaling: float | None = None,
    groups: list[Group] | None = None,
    upper: int = 0,
    **ignored: Any,
) -> tuple[Tensor, None]:
    """transformers' attention interface; query, key, value: (1, head, token, size); returns (1, token, head, size)."""
    parts = []
    for group in groups or []:
        rows, own = group.mask.shape[0], group.mask.shape[2]

        def padded(packed: Tensor, group: Group = group, rows: int = rows, own: int = own) -> Tensor:
            inside = packed[0, :, group.start : group.stop].transpose(0, 1)
            empty = inside.new_zeros(rows, own, *inside.shape[1:])
            return empty.index_put((group.row, group.place), inside).transpose(1, 2)

        keys = torch.cat([group.keys[upper], padded(key)], dim=2)
        values = torch.cat([group.values[upper], padded(value)], dim=2)
        grouped = query.shape[1] != key.shape[1]
        out = scaled_dot_product_attention(
            padded(query), keys, values, attn_mask=group.mask, scale=scaling, enable_gqa=grouped
        )
        parts.append(out.transpose(1, 2)[group.row, group.place])
    return torch.cat(parts)[None], None


ALL_ATTENTION_FUNCTIONS.register("grunflow_packed", _attend)


@contextmanager
def _packed_attention(model: Any) -> Iterator[None]:
    before = model.config._attn_implementation
    model.config._attn_implementation = "grunflow_packed"
    try:
        yield
    finally:
        model.config._attn_implementation = before


def packed_forward(
    model: Any, edits: Mapping[int, GatedLoReFT], batch: Pack
) -> tuple[Float[Tensor, "token vocab"], list[Tensor]]:
    """Logits at every packed position, and gate logits (" row") per gated block.

    Equals the whole model's forward pass with the edits at the last prompt token, for frozen weights.
    """
    hidden, gate_logits = batch.hidden, []
    first, decoder = min(edits), model.model
    angles = decoder.rotary_emb(hidden[None], position_ids=batch.positions)
    with _packed_attention(model):
        for layer, module in enumerate(blocks(model)):
            if layer < first:
                continue
            if layer > first:
                hidden = module(
                    hidden[None],
                    attention_mask=None,
                    position_ids=batch.positions,
                    position_embeddings=angles,
                    use_cache=False,
                    groups=batch.groups,
                    upper=layer - first - 1,
                )[0]
            if layer in edits:
                result = edits[layer].edit(hidden[batch.first])
                if result.gate_logit is not None:
                    gate_logits.append(result.gate_logit)
                hidden = hidden.index_copy(0, batch.first, result.hidden)
    return model.lm_head(decoder.norm(hidden)), gate_logits
