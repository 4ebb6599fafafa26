"""Frozen rows of a model that is loaded in part: all texts through one block before the next block is read.

The same passes as `frozen_rows` makes of a whole model, block by block in place of batch by batch, and so the same bytes. Between
two blocks the states of all texts lie on the CPU.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

from grunflow.data.batching import collate, length_groups
from grunflow.data.prompts import Example
from grunflow.models.block_by_block import Arguments, before_blocks
from grunflow.models.blocks import blocks, hidden_of
from grunflow.models.partly import PartlyLoaded
from grunflow.progress import track
from grunflow.training.frozen_pack import FrozenRow
from grunflow.training.frozen_states import Passed, Rows, row_of


@dataclass
class _Passing:
    """A batch on its way: the number of its list, its texts with their places there, the state between blocks, what the model passes to
    each block beside it, and what is kept of it."""

    number: int
    places: list[int]
    examples: list[Example]
    state: Tensor
    passed: list[Arguments]
    at_first: Tensor | None = None
    before: list[tuple[list[Tensor], list[Tensor]]] = field(default_factory=list)


def of_part(partly: PartlyLoaded, first: int, pad_id: int, batch_size: int) -> Rows:
    """Rows by a model that is loaded in part. first: the first edited block."""

    @torch.no_grad()
    def rows(lists: Sequence[Sequence[Example]]) -> Iterator[tuple[int, int, FrozenRow]]:
        batches = list(_batches(partly, lists, pad_id, batch_size))
        if not batches:
            return  # no block is read for nothing
        for layer in track(len(blocks(partly.model)), "blocks"):
            with partly.lent(layer) as module:
                for passing in batches:
                    _through(partly, module, layer, passing, first)
        for passing in batches:
            final = partly.model.model.norm(passing.state.to(partly.device))
            assert passing.at_first is not None
            for row, (place, example) in enumerate(zip(passing.places, passing.examples, strict=True)):
                before = [(keys[row], values[row]) for keys, values in passing.before]
                found = Passed(passing.at_first[row], before, final[row])
                yield passing.number, place, row_of(found, example, partly.model)

    return rows


def _batches(
    partly: PartlyLoaded, lists: Sequence[Sequence[Example]], pad_id: int, batch_size: int
) -> Iterator[_Passing]:
    """Those that frozen_rows would make of each list by itself."""
    for number, examples in enumerate(lists):
        for group in length_groups([len(example.ids) for example in examples], batch_size):
            own = [examples[place] for place in group]
            batch = collate(own, pad_id).to(partly.device)
            state, passed = before_blocks(partly.model, {**batch.inputs(), "use_cache": True, "logits_to_keep": 1})
            yield _Passing(number, group, own, state.cpu(), passed)


def _through(partly: PartlyLoaded, module: Any, layer: int, passing: _Passing, first: int) -> None:
    """One batch through one block."""
    cache = DynamicCache(config=partly.model.config)
    positional, named = passing.passed[layer]
    output = module(passing.state.to(partly.device), *positional, **{**named, "past_key_values": cache})
    passing.state = hidden_of(output).cpu()
    if layer == first:
        passing.at_first = passing.state
    if layer > first:
        own, edited = cache.layers[layer], [example.prompt_length - 1 for example in passing.examples]
        assert own.keys is not None
        assert own.values is not None
        keys, values = (
            [part[row, :, :length].cpu().clone() for row, length in enumerate(edited)]
            for part in (own.keys, own.values)
        )
        passing.before.append((keys, values))
