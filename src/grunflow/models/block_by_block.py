"""A pass of a model taken apart at its blocks, so that several batches go through one block before the next one is read.

What a model does around its blocks (embeddings, masks, angles, norm, head) stays its own: it is called with hollow blocks, once to
hear what it passes to each, and once more to go on from the state behind the last.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from torch import Tensor

from grunflow.models.blocks import TUPLES, blocks


class Arguments(NamedTuple):
    """What a model passes to one of its blocks beside the state."""

    positional: tuple[Any, ...]
    named: dict[str, Any]


def before_blocks(model: Any, inputs: dict[str, Any]) -> tuple[Tensor, list[Arguments]]:
    """The state (batch, token, width) in front of the first block, and what is passed to each."""
    states: list[Tensor] = []
    passed: list[Arguments] = []

    def hear(hidden: Tensor, *positional: Any, **named: Any) -> Tensor:
        states.append(hidden)
        passed.append(Arguments(positional, named))
        return hidden

    with _hollow(model, hear):
        model(**inputs)
    return states[0], passed


def behind_blocks(model: Any, inputs: dict[str, Any], state: Tensor) -> Any:
    """The model's output, going on from the state behind the last block."""

    def say(hidden: Tensor, *positional: Any, **named: Any) -> Tensor:
        return state

    with _hollow(model, say):
        return model(**inputs)


@contextmanager
def _hollow(model: Any, instead: Callable[..., Tensor]) -> Iterator[None]:
    """Inside, the model's blocks compute nothing but `instead`; theirs may have been replaced before (accelerate's hooks)."""
    found = list(blocks(model))
    before = [module.__dict__.get("forward") for module in found]
    tupled = model.config.model_type in TUPLES

    def forward(*arguments: Any, **named: Any) -> Any:
        hidden = instead(*arguments, **named)
        return (hidden,) if tupled else hidden

    for module in found:
        module.forward = forward
    try:
        yield
    finally:
        for module, own in zip(found, before, strict=True):
            del module.forward
            if own is not None:
                module.forward = own
