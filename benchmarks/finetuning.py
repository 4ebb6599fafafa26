"""Full fine-tuning as the product runs it (float32 masters, passes under autocast), by the rows of a micro-batch."""

from dataclasses import replace
from typing import Any

import torch

from benchmarks.lengths import examples
from benchmarks.taken import launches, timed
from grunflow.carriers.stack import Stack
from grunflow.config.parts import Training
from grunflow.costs import flops, memory
from grunflow.costs.flops import Extent
from grunflow.costs.shapes import Shapes
from grunflow.stages.finetune import Fitting
from grunflow.training.loop import Share
from grunflow.training.optimizer import adamw
from grunflow.training.precision import computing
from grunflow.training.text_pack import padded_by_model

MICRO = (1, 2, 4, 8, 16)
MOST = max(MICRO)
BATCH, LONGEST = 32, 150  # LONGEST: tokens that no row of benchmarks/lengths.py's forget05 exceeds by much


def fitting_blocks(shapes: Shapes, room: float) -> int:
    """How many blocks leave float32 masters, gradients, moments and the most rows at once within `room` bytes."""
    for layers in range(shapes.layers, 1, -1):
        if planned(replace(shapes, layers=layers), MOST) <= room:
            return layers
    return 1


def planned(shapes: Shapes, rows: int) -> int:
    """Bytes that costs/memory.py plans."""
    extent = Extent(rows * LONGEST, rows * LONGEST**2, rows)
    return memory.training(shapes, None, "bfloat16", extent, extent.tokens, accumulated=rows < BATCH).total


def measured(model: Any, rows: int, steps: int, device: str) -> dict[str, Any]:
    """A step of BATCH rows in micro-batches of `rows`: its time, the FLOPs of its real tokens, peak and plan, and what one
    micro-batch launches."""
    texts = examples("forget05", BATCH, model.config.vocab_size, 11)
    packs = padded_by_model(model, max(len(text.ids) for text in texts), 1) is None  # as the product decides
    goal = Fitting(Stack(model), texts, 0, whole=False, packs=packs)
    optimizer = adamw(model.parameters(), Training(learning_rate=1e-5, steps=1))

    def one(share: Share) -> None:
        with computing(torch.device(device), "bfloat16"):
            loss = share.loss()
        loss.backward()

    def step(number: int) -> None:
        for share in goal.shares(list(range(BATCH)), rows):
            one(share)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    found = timed(step, steps, device)
    counted = launches(lambda: one(goal.shares(list(range(BATCH)), rows)[0]), device)
    optimizer.zero_grad(set_to_none=True)
    real, shapes = [len(text.ids) for text in texts], Shapes.of_model(model.config)
    least = flops.training(shapes).flops(Extent(sum(real), sum(n * n for n in real), BATCH))
    return {
        **found, **counted, "rows": rows, "tokens_per_second": sum(real) / found["seconds"], "flops": least,
        "planned_bytes": planned(shapes, rows),
    }  # fmt: skip
