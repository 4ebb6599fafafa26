"""Weights rounded to few bits and back, as bitsandbytes does: exactly its numbers, on any device, without its kernels.

Source: bitsandbytes 0.50.2 (backends/default/ops.py and functional.py, get_4bit_type): int8 by the largest weight of each output
row; nf4 (Dettmers et al., 2305.14314) and fp4 by the largest of every 64 weights on end, without double quantisation.
"""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import pad
from transformers.pytorch_utils import Conv1D

from grunflow.models.blocks import blocks
from grunflow.models.offloaded import refuse

BLOCK = 64
# Quantiles of a normal distribution, 0 among them.
NF4 = (
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
)  # fmt: skip
_POSITIVE = (0.0, 0.0625, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0)
FP4 = tuple({sign * value / 12 for sign in (1, -1) for value in _POSITIVE})


def _largest(weights: Float[Tensor, "row place"]) -> Float[Tensor, "row 1"]:
    """By size, of each row; 1 of a row of zeros, which stay so."""
    found = weights.abs().amax(dim=1, keepdim=True)
    return found.masked_fill(found == 0, 1.0)


def int8(weights: Float[Tensor, "out in"]) -> Float[Tensor, "out in"]:
    """Each row to 255 even steps between minus and plus its largest weight."""
    largest = _largest(weights)
    return torch.round(weights * (127.0 / largest)) * largest * (1 / 127)


def to_levels(
    weights: Float[Tensor, "out in"], levels: tuple[float, ...], size: int = BLOCK
) -> Float[Tensor, "out in"]:
    """Every weight to the nearest of `levels` times the largest of its block; blocks run through the rows, the last may be short."""
    flat = weights.flatten()
    grouped = pad(flat, (0, -len(flat) % size)).view(-1, size)
    largest = _largest(grouped)
    scaled = (grouped * (1 / largest)).clamp(-1, 1)
    known = torch.tensor(sorted(levels), dtype=weights.dtype, device=weights.device)
    upper = torch.bucketize(scaled, (known[1:] + known[:-1]) / 2)
    return (known[upper] * largest).flatten()[: len(flat)].view_as(weights)


ROUNDED: dict[str, Callable[[Tensor], Tensor]] = {
    "none": lambda weights: weights,
    "int8": int8,
    "nf4": lambda weights: to_levels(weights, NF4),
    "fp4": lambda weights: to_levels(weights, FP4),
}


@torch.no_grad()
def round_linears(model: Any, grid: str) -> None:
    """Round the linear layers of a model's blocks in place. Embeddings, norms, biases and the head stay, as transformers leaves
    them; so do adapters beside a layer."""
    refuse(model, "rounded weights")
    for name, module in blocks(model).named_modules():
        if isinstance(module, nn.Linear | Conv1D) and ".lora_" not in name:
            turned = isinstance(module, Conv1D)  # GPT-2's are stored the other way round
            weights = module.weight.T if turned else module.weight
            rounded = ROUNDED[grid](weights.float()).to(weights.dtype)
            module.weight.copy_(rounded.T if turned else rounded)
