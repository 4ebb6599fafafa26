"""Logits of texts that are scored by themselves. Of a model larger than the GPU several batches go through a block while it is there."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from jaxtyping import Bool, Float
from torch import Tensor

from grunflow.carriers.stack import Stack
from grunflow.data.batching import Batch
from grunflow.models import offloaded
from grunflow.models.block_by_block import Arguments, before_blocks, behind_blocks
from grunflow.models.blocks import blocks, hidden_of
from grunflow.models.head import head_at
from grunflow.models.room import STATES

Wanted = tuple[Batch, Bool[Tensor, "_ _"]]  # and the positions (batch, token) whose logits are wanted
Scored = tuple[Float[Tensor, "position vocab"], list[Tensor]]  # logits, and gate logits per gated block


@dataclass
class _Passing:
    """A batch between two blocks."""

    batch: Batch
    wanted: Bool[Tensor, "batch token"]
    state: Tensor
    arguments: list[Arguments]
    gate_logits: list[Tensor] = field(default_factory=list)


def logits_of(stack: Stack, asked: Iterable[Wanted]) -> Iterator[Scored]:
    """`stack.logits_at` of each batch, in order and to the bit. Where blocks of the model wait outside the GPU, each is read once for as
    many batches as find room between two blocks; not so with a carrier that does more than edit what blocks put out."""
    size = offloaded.gpu_bytes()
    if size is None or not offloaded.is_offloaded(stack.model) or not all(part.packable for part in stack.carriers):
        yield from (stack.logits_at(batch, wanted) for batch, wanted in asked)
        return
    together: list[_Passing] = []
    taken = 0
    for batch, wanted in asked:
        together.append(_before(stack, batch, wanted))
        taken += _bytes(together[-1])
        if taken >= STATES * size:
            yield from _through(stack, together)
            together, taken = [], 0
    yield from _through(stack, together)


def _before(stack: Stack, batch: Batch, wanted: Bool[Tensor, "batch token"]) -> _Passing:
    with head_at(stack.model, wanted):
        return _Passing(batch, wanted, *before_blocks(stack.model, {**batch.inputs(), "use_cache": False}))


def _through(stack: Stack, together: list[_Passing]) -> Iterator[Scored]:
    """Edits alone act: between two blocks there is nothing but a state."""
    for layer, block in enumerate(blocks(stack.model) if together else []):
        with offloaded.read_once(block):
            for each in together:
                positional, named = each.arguments[layer]
                with stack.acting(each.batch.positions) as gate_logits:
                    each.state = hidden_of(block(each.state, *positional, **named))
                each.gate_logits += gate_logits
    for each in together:
        with head_at(stack.model, each.wanted):
            found = behind_blocks(stack.model, each.batch.inputs(), each.state)
        yield found.logits[0], each.gate_logits


def _bytes(passing: _Passing) -> int:
    """Of its state, and of what the model passes to blocks beside it; blocks share most of that."""
    beside = {id(part): part for passed in passing.arguments for part in _tensors([passed.positional, passed.named])}
    return sum(part.nbytes for part in (passing.state, *beside.values()))


def _tensors(held: Any) -> Iterator[Tensor]:
    """Those in nested lists, tuples and dicts."""
    if isinstance(held, Tensor):
        yield held
    elif isinstance(held, dict | list | tuple):
        for part in held.values() if isinstance(held, dict) else held:
            yield from _tensors(part)
