"""What a frozen model computes once per example: rows for training/frozen_pack.py, and their store on disk.

A row's name is a hash of its token ids and edited position, so that whoever builds the same example finds it.
"""

import hashlib
import json
import logging
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from grunflow.costs.flops import Extent, forward
from grunflow.costs.memory import ROWS_PER_PASS
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
FILES_PER_PASS = ROWS_PER_PASS // ROWS_PER_FILE
# Lists of texts -> (list, place in it, row) of each, list after list.
Rows = Callable[[Sequence[Sequence[Example]]], Iterator[tuple[int, int, FrozenRow]]]


def name_of(example: Example) -> str:
    return hashlib.sha256(f"{example.prompt_length}:{example.ids}".encode()).hexdigest()[:16]


def flops_of(config: Any, examples: Iterable[Example]) -> float:
    """FLOPs of running a model of this config over each example once, without padding."""
    lengths = [len(example.ids) for example in examples]
    extent = Extent(sum(lengths), sum(length**2 for length in lengths), len(lengths))
    return forward(Shapes.of_model(config)).flops(extent)


def write_states(rows: Rows, examples: dict[str, Example], folder: Path) -> int:
    """The rows of `examples` (name -> example) in files of ROWS_PER_FILE, and an index.

    In a job, files lie with its resume state until all are there: a job that was interrupted goes on behind the last one.

    Args:
        rows: what computes them, given the texts of several files.
    """
    job = current()
    drafts = folder
    if job:
        job.make_folder()
        drafts = job.folder / "frozen_states"
        drafts.mkdir(exist_ok=True)
    names = list(examples)
    groups = length_groups([len(examples[name].ids) for name in names], ROWS_PER_FILE)
    files = {f"rows_{number:05d}.safetensors": [names[at] for at in group] for number, group in enumerate(groups)}
    lacking = [file for file in files if not (drafts / file).is_file()]
    if len(lacking) < len(files):
        log.info("%d of %d files were there already", len(files) - len(lacking), len(files))
    steps = iter(track(len(lacking), "frozen states"))
    for at in range(0, len(lacking), FILES_PER_PASS):
        part = lacking[at : at + FILES_PER_PASS]
        made = rows([[examples[name] for name in files[file]] for file in part])
        for number, own in groupby(made, key=lambda item: item[0]):
            next(steps)
            tensors: dict[str, torch.Tensor] = {}
            for _, place, row in own:
                name = files[part[number]][place]
                tensors |= {f"{name}.{field.name}": getattr(row, field.name).contiguous() for field in fields(row)}
            save_file(tensors, drafts / f".{part[number]}")
            (drafts / f".{part[number]}").rename(drafts / part[number])
    for file in files:
        shutil.move(drafts / file, folder / file)
    index = {name: file for file, own in files.items() for name in own}
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


class Passed(NamedTuple):
    """What is left of one text's pass through a model: the first edited block's output and the last hidden state, (token, width);
    keys and values of every block above it at the positions before the edited one, (head, prefix, size)."""

    hidden: torch.Tensor
    before: list[tuple[torch.Tensor, torch.Tensor]]
    final: torch.Tensor


def row_of(passed: Passed, example: Example, model: Any) -> FrozenRow:
    """What is kept of it, on the CPU."""
    ids, edited = example.ids, example.prompt_length - 1
    own = slice(edited, len(ids) - 1)
    keys, values = (
        torch.stack([pair[kind] for pair in passed.before]) if passed.before else torch.empty((0, 1, edited, 1))
        for kind in (0, 1)
    )
    final, labels = passed.final[own], torch.tensor(ids[edited + 1 :])
    logits = model.lm_head(final).float()
    nll = torch.nn.functional.cross_entropy(logits, labels.to(logits.device), reduction="sum")
    # Copies: a slice would keep the whole batch alive.
    return FrozenRow(*(part.cpu().clone() for part in (passed.hidden[own], keys, values, final, labels, nll)))


def of_whole(model: Any, first: int, pad_id: int, batch_size: int) -> Rows:
    """Rows by a model that is loaded whole, one in memory at a time (frozen_rows)."""

    def rows(lists: Sequence[Sequence[Example]]) -> Iterator[tuple[int, int, FrozenRow]]:
        for number, examples in enumerate(lists):
            for place, row in frozen_rows(model, examples, first, pad_id, batch_size):
                yield number, place, row

    return rows


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
                own = slice(0, examples[index].prompt_length - 1)
                before = [(layer.keys[row, :, own], layer.values[row, :, own]) for layer in upper]
                yield index, row_of(Passed(outputs[0][row], before, finals[0][row]), examples[index], model)
    finally:
        for handle in handles:
            handle.remove()
