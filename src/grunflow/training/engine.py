"""Which engine trains a run: `fast` where it applies, else `plain`; and where its batches come from."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from grunflow.carriers.stack import Stack
from grunflow.config.terms import padded_because, plain_because
from grunflow.data.batching import Batch, collate
from grunflow.data.prompts import Example
from grunflow.evaluation.scoring import likelihoods
from grunflow.interventions.packed import unpackable
from grunflow.models import sharding
from grunflow.objectives.loading import Objective
from grunflow.training.frozen_pack import FrozenRow, pack
from grunflow.training.frozen_states import FrozenStates, flops_of, name_of, of_whole
from grunflow.training.reference import once
from grunflow.training.scored import Rows
from grunflow.training.streamed_states import of_part
from grunflow.training.streams.base import Stream
from grunflow.training.text_pack import TextPack, padded_by_model, text_pack

log = logging.getLogger(__name__)


def plain_reason(engine: str, objective: Objective, stack: Stack, longest: int) -> str | None:
    """Why the fast path does not apply; None where it does. longest: tokens of the longest text."""
    carriers = [carrier.spec for carrier in stack.carriers]
    return plain_because(objective.spec, carriers, engine) or unpackable(stack.model.config, longest)


def known_nll(stack: Stack, examples: Sequence[Example], pad_id: int, batch_size: int) -> dict[str, float]:
    """Name of an example -> summed NLL in nats under the model as it is now."""
    scored = likelihoods(stack, examples, pad_id, batch_size)
    return {name_of(example): nll for example, nll in zip(examples, scored.nll_sum.tolist(), strict=True)}


@dataclass(frozen=True)
class Batches:
    """make: from examples to a batch: padded, packed, or packed from the cache. flops: of what was computed for it, once."""

    make: Callable[[Sequence[Example]], Rows]
    flops: float


def batch_maker(
    engine: str, objective: Objective, stack: Stack, pad_id: int, frozen: Path | None, stream: Stream, batch_size: int
) -> Batches:
    """Where the batches of a run come from.

    Args:
        stack: the model with the new carrier on top, untrained.
        frozen: folder of the stage cache_frozen_states. Of the stream's examples, those that it lacks (refusals, which follow
            from the unlearn seed) are computed here, once.
    """
    examples = stream.every()
    longest = max(len(example.ids) for example in examples)
    reason = plain_reason(engine, objective, stack, longest)
    if reason is None:
        return _packed(stack, pad_id, frozen, examples, batch_size)
    log.info("no cached states: %s", reason)
    compared = stream.compared() if once(objective, engine) else []
    known = known_nll(stack.view(-1), compared, pad_id, batch_size) if compared else {}
    padded = padded_because(objective.spec, [carrier.spec for carrier in stack.carriers], engine, stack.packable)
    make = _whole(objective, stack, pad_id, padded or padded_by_model(stack.model, longest, sharding.count()))

    def with_reference(part: Sequence[Example]) -> Rows:
        batch = make(part)
        nll = [known.get(name_of(example)) for example in part] if known else []
        if nll and None not in nll:
            batch.reference_nll = torch.tensor(nll, device=stack.model.device)
        return batch

    return Batches(with_reference, flops_of(stack.model.config, compared))


def _whole(
    objective: Objective, stack: Stack, pad_id: int, reason: str | None
) -> Callable[[Sequence[Example]], Batch | TextPack]:
    """How whole texts become a batch: packed, or for `reason` padded."""
    device = stack.model.device
    if reason is None:
        return lambda part: text_pack(part, device)
    log.info("texts are padded: %s", reason)
    # Where padding is read too, it counts on which side it is: RMU's code pads on the left.
    side: Literal["left", "right"] = "left" if objective.states and objective.spec.rmu_positions == "all" else "right"
    return lambda part: collate(part, pad_id, side=side).to(device)


def _packed(stack: Stack, pad_id: int, frozen: Path | None, examples: Sequence[Example], batch_size: int) -> Batches:
    first = min(stack.edits)
    cache = FrozenStates(frozen) if frozen else None
    lacking = [example for example in examples if cache is None or example not in cache]
    rows = (
        of_part(stack.partly, first, pad_id, batch_size)
        if stack.partly
        else of_whole(stack.model, first, pad_id, batch_size)
    )
    own: dict[int, FrozenRow] = {id(lacking[index]): row for _, index, row in rows([lacking])}
    log.info("fast path from block %d on: %d rows, %d of them not in the cache", first, len(examples), len(lacking))

    def row_of(example: Example) -> FrozenRow:
        if id(example) in own:
            return own[id(example)]
        assert cache is not None
        return cache[example]

    device = stack.model.device
    return Batches(
        lambda part: pack([row_of(example) for example in part], device), flops_of(stack.model.config, lacking)
    )
