"""CPU seconds of a fine-tuning step of a pretrained model, by how its texts and numbers are held: padded or packed, float32 or bf16
passes on float32 masters. Interleaved in one process on one thread, as ratios to the padded float32 step.

    python -m benchmarks.pretrained --model .grunflow/models/smollm2-135m-instruct

Rows have TOFU's lengths and random tokens (benchmarks/lengths.py), 16 a step, as config/laptop.yaml's target has them. The forms
share one set of weights and take no optimiser step in between, so that their losses can be compared; the optimiser's step is
timed apart.
"""

import argparse
import statistics
import time
from itertools import product
from pathlib import Path
from typing import Any

import torch

from benchmarks.lengths import examples
from grunflow.carriers.stack import Stack
from grunflow.config.parts import Training
from grunflow.models.loading import load_model
from grunflow.stages.finetune import Fitting
from grunflow.training.optimizer import adamw
from grunflow.training.precision import computing

BATCH, MICRO = 16, 8
FORMS = {f"{'packed' if packs else 'padded'} {dtype or 'float32'}": (packs, dtype)
         for dtype, packs in product((None, "bfloat16"), (False, True))}  # fmt: skip


def passes(goal: Fitting, rows: list[int], dtype: str | None) -> float:
    """Loss of a step, its gradients in place."""
    total = 0.0
    for share in goal.shares(rows, MICRO):
        with computing(torch.device("cpu"), dtype):
            loss = share.loss()
        loss.backward()
        total += loss.item()
    return total


def measured(model: Any, steps: int) -> None:
    texts = examples("forget05", BATCH * (steps + 1), model.config.vocab_size, 11)
    goals = {name: Fitting(Stack(model), texts, 0, whole=False, packs=packs) for name, (packs, _) in FORMS.items()}
    optimizer = adamw(model.parameters(), Training(learning_rate=1e-8, steps=1))
    seconds: dict[str, list[float]] = {name: [] for name in (*FORMS, "optimiser")}
    losses: dict[str, list[float]] = {name: [] for name in FORMS}
    for step in range(steps + 1):  # the first one warms up
        rows = list(range(step * BATCH, (step + 1) * BATCH))
        for name, goal in goals.items():
            started = time.process_time()
            losses[name].append(passes(goal, rows, FORMS[name][1]))
            seconds[name].append(time.process_time() - started)
            if name != list(goals)[-1]:
                optimizer.zero_grad(set_to_none=True)
        started = time.process_time()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        seconds["optimiser"].append(time.process_time() - started)
    base = next(iter(FORMS))
    for name, taken in seconds.items():
        ratios = sorted(a / b for a, b in zip(seconds[base][1:], taken[1:], strict=True))
        told = f"{name:18s} {statistics.median(taken[1:]):6.2f} CPU s"
        if name in FORMS:
            apart = max(abs(a - b) / abs(a) for a, b in zip(losses[base], losses[name], strict=True))
            told += f", {statistics.median(ratios):.2f} times as fast [{ratios[0]:.2f}, {ratios[-1]:.2f}], loss apart {apart:.1e}"
        print(told)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    measured(load_model(arguments.model).train(), arguments.steps)


if __name__ == "__main__":
    main()
