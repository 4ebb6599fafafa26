"""Which engine trains a run: `fast` where it applies, else `plain`; and where its batches come from."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from grunflow.carriers.full import Full
from grunflow.config.specs import Carrier, Unlearn
from grunflow.data.batching import Batch, collate
from grunflow.data.prompts import Example
from grunflow.evaluation.scoring import likelihoods
from grunflow.interventions.packed import unpackable
from grunflow.training.frozen_pack import FrozenRow, Pack, pack
from grunflow.training.frozen_states import FrozenStates, flops_of, frozen_rows, name_of
from grunflow.training.unlearning import known_of

log = logging.getLogger(__name__)


def plain_reason(spec: Unlearn, model: Any, longest: int) -> str | None:
    """Why the fast path does not apply; None where it does."""
    if spec.carrier.name not in ("reft", "grun"):
        return f"carrier {spec.carrier.name} trains the model itself"
    if spec.objective.name == "rmu":
        return "rmu reads hidden states"
    if spec.objective.kl_positions == "all":
        return "kl_positions is all, and the cache holds labelled positions only"
    return unpackable(model, longest)


def once(spec: Unlearn) -> bool:
    """Whether all that is read of the model before unlearning are summed NLLs, computed before the first step."""
    return spec.engine == "fast" and known_of(spec.objective) == {"nll"}


def known_nll(model: Any, examples: Sequence[Example], pad_id: int, batch_size: int) -> dict[str, float]:
    """Name of an example -> summed NLL in nats under the model as it is now."""
    scored = likelihoods(Full(Carrier(name="full"), model), examples, pad_id, batch_size)
    return {name_of(example): nll for example, nll in zip(examples, scored.nll_sum.tolist(), strict=True)}


@dataclass(frozen=True)
class Batches:
    """make: from examples to a batch, padded, or packed from the cache. flops: of what was computed for it, once."""

    make: Callable[[Sequence[Example]], Batch | Pack]
    flops: float


def batch_maker(
    spec: Unlearn,
    model: Any,
    pad_id: int,
    frozen: Path | None,
    examples: Sequence[Example],
    compared: Sequence[Example],
    batch_size: int,
) -> Batches:
    """Where the batches of a run come from.

    Args:
        frozen: folder of the stage cache_frozen_states. Of `examples`, those that it lacks (refusals, which follow from
            the unlearn seed) are computed here, once.
        compared: those of the examples that the forget term compares with the model before unlearning.
    """
    reason = (
        "engine is plain" if spec.engine == "plain" else plain_reason(spec, model, max(len(e.ids) for e in examples))
    )
    if reason:
        log.info("plain path: %s", reason)
        compared = compared if once(spec) else ()
        known = known_nll(model, compared, pad_id, batch_size) if compared else {}

        def padded(part: Sequence[Example]) -> Batch:
            batch = collate(part, pad_id)
            nll = [known.get(name_of(example)) for example in part] if known else []
            if nll and None not in nll:
                batch.reference_nll = torch.tensor(nll)
            return batch.to(model.device)

        return Batches(padded, flops_of(model, compared))
    assert spec.carrier.layers is not None
    cache = FrozenStates(frozen) if frozen else None
    lacking = [example for example in examples if cache is None or example not in cache]
    first = min(spec.carrier.layers)
    own: dict[int, FrozenRow] = {
        id(lacking[index]): row for index, row in frozen_rows(model, lacking, first, pad_id, batch_size)
    }
    log.info("fast path from block %d on: %d rows, %d of them not in the cache", first, len(examples), len(lacking))

    def row_of(example: Example) -> FrozenRow:
        if id(example) in own:
            return own[id(example)]
        assert cache is not None
        return cache[example]

    return Batches(lambda part: pack([row_of(example) for example in part], model.device), flops_of(model, lacking))
