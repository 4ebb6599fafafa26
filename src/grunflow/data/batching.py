"""Examples -> padded batches, and the order in which rows are visited."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor

from grunflow.data.prompts import Example

IGNORE_INDEX = -100


@dataclass
class Batch:
    """Right-padded rows; labels are IGNORE_INDEX on prompt and padding; positions: last prompt token."""

    input_ids: Int[Tensor, "batch token"]
    attention_mask: Int[Tensor, "batch token"]
    labels: Int[Tensor, "batch token"]
    positions: Int[Tensor, " batch"]


def collate(examples: Sequence[Example], pad_id: int, loss_on_prompt: bool = False) -> Batch:
    """Pad to the longest row; with loss_on_prompt every real token is a label."""
    width = max(len(example.ids) for example in examples)
    ids = torch.full((len(examples), width), pad_id)
    mask = torch.zeros_like(ids)
    labels = torch.full_like(ids, IGNORE_INDEX)
    for row, example in enumerate(examples):
        length = len(example.ids)
        ids[row, :length] = torch.tensor(example.ids)
        mask[row, :length] = 1
        first = 0 if loss_on_prompt else example.prompt_length
        labels[row, first:length] = ids[row, first:length]
    return Batch(ids, mask, labels, torch.tensor([example.prompt_length - 1 for example in examples]))


def epoch_order(n: int, generator: torch.Generator) -> list[int]:
    return torch.randperm(n, generator=generator).tolist()


def length_groups(lengths: Sequence[int], batch_size: int) -> list[list[int]]:
    """Indices in batches of similar length, longest last; ties keep their order."""
    order = sorted(range(len(lengths)), key=lambda index: lengths[index])
    return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
