"""Activation patching: the states of one model put into another, behind one block after the other, at a few tokens."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import accumulate
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from grunflow.carriers.stack import Stack
from grunflow.data.batching import Batch, collate, length_groups
from grunflow.data.prompts import Example
from grunflow.evaluation.judges import WORD
from grunflow.models.blocks import block, hidden_of, with_hidden
from grunflow.models.head import head_at


@torch.no_grad()
def drops(
    target: Stack, source: Stack, examples: Sequence[Example], spans: Sequence[Sequence[int]], blocks: Sequence[int],
    pad_id: int, batch_size: int,
) -> Float[Tensor, "example block"]:  # fmt: skip
    """By how much the target model's mean log-probability of an answer's span falls, in nats, when behind a block the source's states
    take the place of its own, at the tokens that predict the span.

    Args:
        spans: of each example the places of its answer's tokens that count, from 0.
        blocks: behind which, one after the other.
    """
    found = torch.empty(len(examples), len(blocks))
    for group in length_groups([len(example.ids) for example in examples], batch_size):
        batch = collate([examples[place] for place in group], pad_id).to(target.model.device)
        wanted = _predicting(batch, [examples[place] for place in group], [spans[place] for place in group])
        given = _states(source, batch, wanted, blocks)
        plain = _span_means(target, batch, wanted)
        for number, layer in enumerate(blocks):
            with _patched(target.model, layer, wanted, given[number]):
                found[group, number] = (plain - _span_means(target, batch, wanted)).cpu()
    return found


def telling_tokens(tokenizer: Any, example: Example, words: set[str]) -> list[int]:
    """Places of the answer's tokens that are of one of `words` (in lower case); where none is, all but the last, which ends the text."""
    answer = example.ids[example.prompt_length :]
    parts = [match.span() for match in WORD.finditer(_text(tokenizer, answer)) if match.group().lower() in words]
    found = [
        number for number, (start, end) in enumerate(_spans(tokenizer, answer))
        if any(start < last and first < end for first, last in parts)
    ]  # fmt: skip
    return found or list(range(max(1, len(answer) - 1)))


def _spans(tokenizer: Any, ids: Sequence[int]) -> list[tuple[int, int]]:
    """First and last character of each token in their text. A token that adds none is a later byte of the character before it, but for
    special ones, which are of none."""
    ends = [len(_text(tokenizer, ids[: number + 1])) for number in range(len(ids))]
    # Bytes of a character that is not whole yet may be decoded to a sign each: no end lies behind a later one.
    ends = list(accumulate(reversed(ends), min))[::-1]
    spans: list[tuple[int, int]] = []
    for start, end, token in zip([0, *ends], ends, ids, strict=False):
        later_byte = end == start and spans and token not in tokenizer.all_special_ids
        spans.append(spans[-1] if later_byte else (start, end))
    return spans


def _text(tokenizer: Any, ids: Sequence[int]) -> str:
    return tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)


def _predicting(
    batch: Batch, examples: Sequence[Example], spans: Sequence[Sequence[int]]
) -> Bool[Tensor, "batch token"]:
    """Of rows that are padded behind: the tokens before those of the spans."""
    found = torch.zeros_like(batch.input_ids, dtype=torch.bool)
    for row, (example, span) in enumerate(zip(examples, spans, strict=True)):
        found[row, [example.prompt_length - 1 + place for place in span]] = True
    return found


def _span_means(stack: Stack, batch: Batch, wanted: Bool[Tensor, "batch token"]) -> Float[Tensor, " batch"]:
    """Mean log-probability of the tokens behind the wanted ones, of each row."""
    logits, _ = stack.logits_at(batch, wanted)
    labels = batch.input_ids.roll(-1, dims=1)[wanted]
    found = logits.float().log_softmax(dim=-1).gather(1, labels[:, None])[:, 0]
    # Not by index_add, whose order of adding is not fixed on a GPU: a model's own states change nothing, to the bit.
    return torch.stack([row.mean() for row in found.split(wanted.sum(dim=1).tolist())])


def _states(
    stack: Stack, batch: Batch, wanted: Bool[Tensor, "batch token"], blocks: Sequence[int]
) -> list[Float[Tensor, "position width"]]:
    """Behind each block, and behind what acts on it, at the wanted tokens, row after row."""
    found: dict[int, Tensor] = {}

    def hook_of(layer: int) -> Any:
        def keep(module: nn.Module, arguments: tuple, output: Any) -> None:
            found[layer] = hidden_of(output)[wanted]

        return keep

    # Hooks run in the order in which they came: what acts comes first.
    with stack.acting(batch.positions), head_at(stack.model, wanted), ExitStack() as hooked:
        for layer in blocks:
            hooked.callback(block(stack.model, layer).register_forward_hook(hook_of(layer)).remove)
        stack.model(**batch.inputs())
    return [found[layer] for layer in blocks]


@contextmanager
def _patched(
    model: Any, layer: int, wanted: Bool[Tensor, "batch token"], states: Float[Tensor, "position width"]
) -> Iterator[None]:
    """Around a call: behind block `layer` these states stand at the wanted tokens."""

    def put(module: nn.Module, arguments: tuple, output: Any) -> Any:
        hidden = hidden_of(output).clone()
        hidden[wanted] = states.to(hidden)
        return with_hidden(output, hidden)

    handle = block(model, layer).register_forward_hook(put)
    try:
        yield
    finally:
        handle.remove()
