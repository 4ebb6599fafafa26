"""Every architecture that is named as supported gives the same numbers where its pass is taken apart at its blocks."""

import pytest
import torch
from tests.models.families import RARER, tiny

from grunflow.data.batching import collate
from grunflow.data.prompts import Example
from grunflow.models.block_by_block import before_blocks, behind_blocks
from grunflow.models.blocks import SUPPORTED, TUPLES, blocks, hidden_of

BATCH = collate([Example(list(range(4, 10 + row)), 4) for row in range(4)], 0)


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=pytest.mark.slow if kind in RARER else ()) for kind in SUPPORTED]
)
@torch.no_grad()
def test_block_by_block_logits_are_those_of_a_pass(kind: str) -> None:
    model = tiny(kind).eval()
    whole = model(**BATCH.inputs()).logits
    state, arguments = before_blocks(model, {**BATCH.inputs(), "use_cache": False})
    assert len(arguments) == len(blocks(model))
    for block, (positional, named) in zip(blocks(model), arguments, strict=True):
        output = block(state, *positional, **named)
        assert isinstance(output, tuple) == (model.config.model_type in TUPLES)
        state = hidden_of(output)
    assert torch.equal(behind_blocks(model, BATCH.inputs(), state).logits, whole)
    assert torch.equal(model(**BATCH.inputs()).logits, whole)  # no block stays hollow
