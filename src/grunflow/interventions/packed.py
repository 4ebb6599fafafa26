"""Blocks of a model on packed rows: the tokens of many texts one after the other, without padding.

All linear layers see one row of real tokens; attention alone is padded, in groups of rows that attend together. What a token
attends to besides its own row is the caller's (`Rows`): cached keys in training, a shared prompt or a growing answer in
evaluation. No block of any architecture is written again: packing goes through transformers' attention interface.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from grunflow.interventions.gated import StateEdit
from grunflow.models.blocks import blocks

# Architectures whose blocks can be called with packed rows: rotary positions from `model.rotary_emb`, a final `model.norm`.
PACKABLE = ("llama", "mistral", "qwen2")


def unpackable(config: Any, longest: int) -> str | None:
    """Why texts of up to `longest` tokens cannot be packed for a model of this config; None where they can."""
    if config.model_type not in PACKABLE:
        return f"architecture {config.model_type} is none of {', '.join(PACKABLE)}"
    window = getattr(config, "sliding_window", None)
    # transformers' cache of a sliding window keeps one key less than the window.
    if window and longest >= window:
        return f"a text of {longest} tokens fills the model's window of {window}"
    return None


@runtime_checkable
class Rows(Protocol):
    """Who attends to what in a pack."""

    def attend(
        self,
        block: int,
        query: Float[Tensor, "head token size"],
        key: Float[Tensor, "group token size"],
        value: Float[Tensor, "group token size"],
        scale: float,
    ) -> Float[Tensor, "token head size"]: ...


@dataclass
class Group:
    """Rows that attend together: the (row, place) of each of their tokens, which lie one after the other.

    mask: True where attention is allowed; the `before` earlier positions of a row, padded on the left, then its own.
    """

    row: Int[Tensor, " token"]
    place: Int[Tensor, " token"]
    mask: Bool[Tensor, "row 1 own key"]

    @classmethod
    def of(cls, lengths: list[int], before: list[int], device: torch.device) -> "Group":
        """Rows of `lengths` tokens, each with `before` many earlier positions."""
        own, most = max(lengths), max(before)
        causal = torch.ones(own, own).tril().bool()
        kept = torch.arange(most)[None] >= most - torch.tensor(before)[:, None]
        mask = torch.cat([kept[:, None].expand(-1, own, -1), causal.expand(len(lengths), -1, -1)], dim=2)
        row = torch.repeat_interleave(torch.arange(len(lengths)), torch.tensor(lengths))
        place = torch.cat([torch.arange(length) for length in lengths])
        return cls(row.to(device), place.to(device), mask[:, None].to(device))

    def padded(self, packed: Float[Tensor, "head token size"]) -> Float[Tensor, "row head own size"]:
        inside = packed.transpose(0, 1)
        rows, own = self.mask.shape[0], self.mask.shape[2]
        if len(inside) == rows * own:
            return inside.unflatten(0, (rows, own)).transpose(1, 2)
        empty = inside.new_zeros(rows, own, *inside.shape[1:])
        return empty.index_put((self.row, self.place), inside).transpose(1, 2)

    def attend(
        self,
        query: Float[Tensor, "head token size"],
        key: Float[Tensor, "group token size"],
        value: Float[Tensor, "group token size"],
        scale: float,
        earlier: tuple[Tensor, Tensor] | None,
    ) -> Float[Tensor, "token head size"]:
        """Attention of the group's tokens; `earlier`: keys and values (row, group, before, size)."""
        keys, values = self.padded(key), self.padded(value)
        if earlier is not None:
            keys, values = (torch.cat([old, new], dim=2) for old, new in zip(earlier, (keys, values), strict=True))
        out = _masked_attention(self.padded(query), keys, values, self.mask, scale).transpose(1, 2)
        return out.flatten(0, 1) if len(self.row) == out.shape[0] * out.shape[1] else out[self.row, self.place]


def _masked_attention(
    query: Float[Tensor, "row head own size"],
    keys: Float[Tensor, "row group key size"],
    values: Float[Tensor, "row group key size"],
    mask: Bool[Tensor, "row 1 own key"],
    scale: float,
) -> Float[Tensor, "row head own size"]:
    """On a GPU grouped keys are repeated: beside a mask torch's efficient kernels take no groups, and its plain one holds
    every score until the backward pass (transformers' sdpa_attention.py does the same)."""
    grouped = query.shape[1] != keys.shape[1]
    if grouped and query.is_cuda:
        times = query.shape[1] // keys.shape[1]
        keys, values, grouped = keys.repeat_interleave(times, 1), values.repeat_interleave(times, 1), False
    return scaled_dot_product_attention(query, keys, values, attn_mask=mask, scale=scale, enable_gqa=grouped)


def attend_in_groups(
    groups: Sequence[Group],
    query: Float[Tensor, "head token size"],
    key: Float[Tensor, "group token size"],
    value: Float[Tensor, "group token size"],
    scale: float,
    earlier: Iterable[tuple[Tensor, Tensor] | None],
) -> Float[Tensor, "token head size"]:
    """Attention of tokens that lie group after group. They are split at once: the gradient of a slice would be as wide as
    the whole pack, for every group again."""
    sizes = [len(group.row) for group in groups]
    parts = (tensor.split(sizes, dim=1) for tensor in (query, key, value))
    each = zip(groups, *parts, earlier, strict=True)
    return torch.cat([group.attend(*own, scale, before) for group, *own, before in each])


def _attend(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: None,
    scaling: float,
    rows: Rows,
    **ignored: Any,
) -> tuple[Tensor, None]:
    """transformers' attention interface; query, key, value: (1, head, token, size); returns (1, token, head, size)."""
    # Squeezed, not indexed: the gradient of an index is a copy in a tensor of zeros.
    query, key, value = (tensor.squeeze(0) for tensor in (query, key, value))
    return rows.attend(module.layer_idx, query, key, value, scaling)[None], None  # type: ignore[arg-type]


ALL_ATTENTION_FUNCTIONS.register("grunflow_packed", _attend)


@contextmanager
def _packed_attention(model: Any) -> Iterator[None]:
    before = model.config._attn_implementation
    model.config._attn_implementation = "grunflow_packed"
    try:
        yield
    finally:
        model.config._attn_implementation = before


def run_blocks(
    model: Any,
    hidden: Float[Tensor, "token width"],
    positions: Int[Tensor, " token"],
    rows: Rows,
    edits: Mapping[int, StateEdit],
    edited: Int[Tensor, " row"],
    first: int = 0,
) -> tuple[Float[Tensor, "token width"], list[Tensor]]:
    """Output of the last block, and gate logits (" row") per gated block.

    Args:
        hidden: input of block `first`; with first = len(blocks) nothing but the edit of the last block is left to do.
        positions: of each token in its text.
        edits: what acts on the outputs of blocks, at tokens `edited`; block first - 1, whose output is given, included.
    """
    gate_logits: list[Tensor] = []

    def edit(hidden: Tensor, layer: int) -> Tensor:
        if layer not in edits:
            return hidden
        result = edits[layer].edit(hidden[edited])
        if result.gate_logit is not None:
            gate_logits.append(result.gate_logit)
        return hidden.index_copy(0, edited, result.hidden)

    angles = model.model.rotary_emb(hidden[None], position_ids=positions[None])
    hidden = edit(hidden, first - 1)
    with _packed_attention(model):
        for layer, module in list(enumerate(blocks(model)))[first:]:
            hidden = module(
                hidden[None],
                attention_mask=None,
                position_ids=positions[None],
                position_embeddings=angles,
                use_cache=False,
                rows=rows,
            ).squeeze(0)
            hidden = edit(hidden, layer)
    return hidden, gate_logits
