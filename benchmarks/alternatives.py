"""What could be faster and is not taken: bf16 autocast in full fine-tuning, torch's chunked head and cross-entropy.

Each row's ratio is the alternative's CPU seconds over ours, interleaved: above 1 the alternative is slower here.
"""

import statistics
import time
from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

from benchmarks import engines
from benchmarks.engines import Size
from benchmarks.lengths import examples
from grunflow.data.batching import collate
from grunflow.models.scores import label_scores, score

REPEATS, ROWS, LABELS = 7, 16, 576


def _ratio(ours: Callable[[], None], other: Callable[[], None]) -> float:
    """Median of the pairs' ratios, behind one warm-up of each."""

    def seconds(run: Callable[[], None]) -> float:
        started = time.process_time()
        run()
        return time.process_time() - started

    pairs = [(seconds(ours), seconds(other)) for _ in range(REPEATS + 1)]
    return statistics.median(their / own for own, their in pairs[1:])


def autocast(size: Size) -> float:
    """A micro-batch of full fine-tuning: forward and backward pass in bf16 autocast over those in float32."""
    model = engines.model_of(size).train()
    batch = collate(examples("forget05", ROWS, size.vocabulary, 3), 0)

    def passes(enabled: bool) -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            logits = model(**batch.inputs()).logits
        score(logits, batch.labels).nll_sum.sum().backward()
        model.zero_grad(set_to_none=True)

    return _ratio(lambda: passes(False), lambda: passes(True))


def chunked(size: Size) -> float:
    """A frozen head with its cross-entropy and gradient, in torch's chunks (the fused form that holds no logits)."""
    generator = torch.Generator().manual_seed(3)
    states = torch.randn(LABELS, size.hidden, generator=generator).requires_grad_()
    labels = torch.randint(size.vocabulary, (LABELS,), generator=generator)
    linear = nn.Linear(size.hidden, size.vocabulary, bias=False).requires_grad_(False)
    row = torch.zeros_like(labels)

    def ours() -> None:
        label_scores(linear(states), labels, row, 1).nll_sum.sum().backward()

    def theirs() -> None:
        options = nn.LinearCrossEntropyOptions()
        nll = functional.linear_cross_entropy(states, linear.weight, labels, reduction="none", options=options)
        nll.sum().backward()

    return _ratio(ours, theirs)


def measure(sizes: tuple[Size, ...]) -> list[dict]:
    """A row per alternative and size."""
    return [
        {"alternative": alternative.__name__, "size": size.name, "ratio": round(alternative(size), 3)}
        for size in sizes
        for alternative in (autocast, chunked)
    ]
