"""Examples -> padded batches, and the order in which rows are visited."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from grunflow.costs.flops import Extent
from grunflow.data.prompts import Example

IGNORE_INDEX = -100


@dataclass
class Batch:
    """Padded rows; labels are IGNORE_INDEX on prompt and padding; positions: last prompt token of each row;
    reference_nll: summed NLL of each row's labels under the model before unlearning, where it was computed once.

    position_ids count from each row's first real token, so that padding on either side changes nothing.
    """

    input_ids: Int[Tensor, "batch token"]
    attention_mask: Int[Tensor, "batch token"]
    labels: Int[Tensor, "batch token"]
    positions: Int[Tensor, " batch"]
    reference_nll: Float[Tensor, " batch"] | None = None

    @property
    def position_ids(self) -> Int[Tensor, "batch token"]:
        first = self.attention_mask.argmax(dim=1, keepdim=True)
        return (torch.arange(self.input_ids.shape[1], device=first.device) - first).clamp(min=0)

    @property
    def n_rows(self) -> int:
        return len(self.input_ids)

    @property
    def extent(self) -> Extent:
        rows, width = self.input_ids.shape
        return Extent(rows * width, rows * width * width, rows)

    def inputs(self) -> dict[str, Tensor]:
        """Arguments of a transformers model."""
        return {
            "input_ids": self.input_ids,
            "attention_mask": self.attention_mask,
            "position_ids": self.position_ids,
        }

    def to(self, device: torch.device) -> "Batch":
        moved = {name: tensor.to(device) for name, tensor in vars(self).items() if tensor is not None}
        return Batch(**moved)


def collate(
    examples: Sequence[Example],
    pad_id: int,
    loss_on_prompt: bool = False,
    side: Literal["left", "right"] = "right",
) -> Batch:
    """Pad to the longest row; with loss_on_prompt every real token is a label."""
    width = max(len(example.ids) for example in examples)
    ids = torch.full((len(examples), width), pad_id)
    mask = torch.zeros_like(ids)
    labels = torch.full_like(ids, IGNORE_INDEX)
    positions = []
    for row, example in enumerate(examples):
        start = width - len(example.ids) if side == "left" else 0
        stop = start + len(example.ids)
        ids[row, start:stop] = torch.tensor(example.ids)
        mask[row, start:stop] = 1
        first = start if loss_on_prompt else start + example.prompt_length
        labels[row, first:stop] = ids[row, first:stop]
        positions.append(start + example.prompt_length - 1)
    return Batch(ids, mask, labels, torch.tensor(positions))


def epoch_order(n: int, generator: torch.Generator) -> list[int]:
    return torch.randperm(n, generator=generator).tolist()


def length_groups(lengths: Sequence[int], batch_size: int) -> list[list[int]]:
    """Indices in batches of similar length, longest last; ties keep their order."""
    order = sorted(range(len(lengths)), key=lambda index: lengths[index])
    return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
