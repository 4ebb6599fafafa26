"""What a frozen model computes once per example: rows for training/frozen_pack.py, and their store on disk.

A row's name is a hash of its token ids and edited position, so that whoever builds the same example finds it.
"""

import hashlib
import json
import logging
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from grunflow.costs.flops import Extent, forward
from grunflow.costs.shapes import Shapes
from grunflow.data.batching import collate, length_groups
from grunflow.data.prompts import Example
from grunflow.job import current
from grunflow.models.blocks import block
from grunflow.progress import track
from grunflow.training.frozen_pack import FrozenRow

log = logging.getLogger(__name__)
INDEX = "index.json"
ROWS_PER_FILE = 64


def name_of(example: Example) -> str:
    return hashlib.sha256(f"{example.prompt_length}:{example.ids}".encode()).hexdigest()[:16]


def flops_of(model: Any, examples: Iterable[Example]) -> float:
    """FLOPs of running the model over each example once, without padding."""
    lengths = [len(example.ids) for example in examples]
    extent = Extent(sum(lengths), sum(length**2 for length in lengths), len(lengths))
    return forward(Shapes.of_model(model.config)).flops(extent)


def write_states(
    model: Any, examples: dict[str, Example], first: int, pad_id: int, batch_size: int, folder: Path
) -> int:
    """The rows of `examples` (name -> example) in files of ROWS_PER_FILE, one in memory at a time, and an index.

    In a job, files lie with its resume state until all are there: a job that was interrupted goes on behind the last one.
    """
    job, index = current(), dict[str, str]()
    drafts = folder
    if job:
        job.make_folder()
        drafts = job.folder / "frozen_states"
        drafts.mkdir(exist_ok=True)
    names = list(examples)
    groups = length_groups([len(examples[name].ids) for name in names], ROWS_PER_FILE)
    for number, group in zip(track(len(groups), "frozen states"), groups, strict=True):
        file = f"rows_{number:05d}.safetensors"
        part = [names[i] for i in group]
        if not (drafts / file).is_file():
            tensors: dict[str, torch.Tensor] = {}
            for at, row in frozen_rows(model, [examples[name] for name in part], first, pad_id, batch_size):
                tensors |= {f"{part[at]}.{field.name}": getattr(row, field.name).contiguous() for field in fields(row)}
            save_file(tensors, drafts / f".{file}")
            (drafts / f".{file}").rename(drafts / file)
        elif job:
            log.info("%s was there already", file)
        index |= dict.fromkeys(part, file)
    for file in sorted(set(index.values())):
        shutil.move(drafts / file, folder / file)
    (folder / INDEX).write_text(json.dumps(index, indent=0))
    return len(index)


class FrozenStates:
    """The store, memory-mapped: a row is read when it is asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.index: dict[str, str] = json.loads((folder / INDEX).read_text())
        self.open: dict[str, Any] = {}

    def __contains__(self, example: Example) -> bool:
        return name_of(example) in self.index

    def __getitem__(self, example: Example) -> FrozenRow:
        name = name_of(example)
        file = self.index[name]
        if file not in self.open:
            self.open[file] = safe_open(self.folder / file, "pt")
        return FrozenRow(*(self.open[file].get_tensor(f"{name}.{field.name}") for field in fields(FrozenRow)))


@torch.no_grad()
def frozen_rows(
    model: Any, examples: Sequence[Example], first: int, pad_id: int, batch_size: int
) -> Iterator[tuple[int, FrozenRow]]:
    """(index, row) of every example, in batches of similar length; tensors on the CPU, in the model's dtype.

    Args:
        first: the first edited block.
    """
    outputs: list[torch.Tensor] = []
    finals: list[torch.Tensor] = []
    handles = [
        block(model, first).register_forward_hook(lambda module, args, output: outputs.append(output)),
        model.model.norm.register_forward_hook(lambda module, args, output: finals.append(output)),
    ]
    try:
        for group in length_groups([len(example.ids) for example in examples], batch_size):
            outputs.clear()
            finals.clear()
            batch = collate([examples[i] for i in group], pad_id).to(model.device)
            # The logits of one position only: they follow from `final`.
            cache = model(**batch.inputs(), use_cache=True, logits_to_keep=1).past_key_values
            upper = [cache.layers[layer] for layer in range(first + 1, model.config.num_hidden_layers)]
            for row, index in enumerate(group):
                ids, edited = examples[index].ids, examples[index].prompt_length - 1
                own = slice(edited, len(ids) - 1)
                before = [[layer.keys[row, :, :edited], layer.values[row, :, :edited]] for layer in upper]
                shape = (0, 1, edited, 1)
                keys, values = (
                    torch.stack([pair[kind] for pair in before]) if before else torch.empty(shape) for kind in (0, 1)
                )
                final, labels = finals[0][row, own], torch.tensor(ids[edited + 1 :])
                logits = model.lm_head(final).float()
                nll = torch.nn.functional.cross_entropy(logits, labels.to(logits.device), reduction="sum")
                hidden = outputs[0][row, own]
                # Copies: a slice would keep the whole batch alive.
                copies = [part.cpu().clone() for part in (hidden, keys, values, final, labels, nll)]
                yield index, FrozenRow(*copies)
    finally:
        for handle in handles:
            handle.remove()
