"""A finished run as a model that can be asked, outside of the workflow."""

from collections.abc import Mapping
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

from grunflow.carriers.chain import Subject, restored
from grunflow.carriers.stack import Stack
from grunflow.config.stages import stages
from grunflow.config.typed import typed
from grunflow.errors import BadInput
from grunflow.manifest import read_manifest


def load_run(folder: Path | str) -> tuple[Any, Any]:
    """(model, tokenizer) of a folder below `runs/`: a transformers model in evaluation mode, as it was scored, and its tokenizer.

    `model.generate(**tokenizer(prompt, return_tensors="pt"))` answers with the run's carriers acting; an edit acts at the last
    token of each row of a call that begins a text (of a batch, padded on either side, at the last that `attention_mask` keeps).
    The prompt is to have the form that the run was scored with: `template` in the manifests of its scores.

    Args:
        folder: of a fine-tuned model or of an unlearning run, as the workflow left it: what it was made from lies where its
            manifest says, seen from the folder that holds `results/`.

    Raises:
        BadInput: it is no such folder, its carrier was discarded, or what it was made from is gone or was made again.
    """
    run = of_folder(Path(folder))
    tokenizer, stack = subject_of(run)
    if stack.edits:
        _edit_where_texts_begin(stack)
    return stack.model, tokenizer


class Run(NamedTuple):
    """A finished run. links: the folders that its model is restored from, its own the last."""

    folder: Path
    spec: Any
    links: list[Path]
    files: list[Path]

    @property
    def template(self) -> Any:
        """The prompt template that runs of the study are scored with; of a fine-tuned model the one that it was trained with."""
        snapshots = getattr(self.spec, "snapshots", None)
        return snapshots.template if snapshots else self.spec.template


def of_folder(folder: Path) -> Run:
    """What a folder's manifest says of the run in it.

    Raises:
        BadInput: it is no such folder.
    """
    manifest = read_manifest(folder)
    stage = manifest["spec"].get("stage", "")
    kind = stages().get(stage)
    if kind is None or not kind.trains:
        raise BadInput(f"{folder}: is the result of {stage!r}, expected a run; name a folder below runs/.")
    spec = typed(kind, manifest["spec"], f"{folder}/manifest.json: spec")
    links = [*_starts(folder, manifest), folder] if kind.apart else [folder]
    return Run(folder, spec, links, [Path(file) for file in manifest["files"]])


def subject_of(run: Run) -> Subject:
    """The run's tokenizer and its model with the carriers on it."""
    return restored(run.spec.model, run.links, files=run.files, purpose="asked")


def _starts(folder: Path, manifest: Mapping[str, Any]) -> list[Path]:
    """The folders that the run went on from, each made from the one before it, seen from here or from where `results/` lies."""
    names = sorted(manifest["inputs"].get("start", {}), key=lambda name: len(_begun(folder, name)))
    return [_found(folder, name) for name in names]


def _begun(folder: Path, name: str) -> Mapping[str, Any]:
    return read_manifest(_found(folder, name))["inputs"].get("start", {})


def _found(folder: Path, name: str) -> Path:
    places = [Path(name), *(parent / name for parent in folder.resolve().parents)]
    return next((place for place in places if place.is_dir()), Path(name))


def _edit_where_texts_begin(stack: Stack) -> None:
    """Let the carriers act in every call of the model that reads a text from its start; later calls go on from its keys and
    values, which hold the edit already."""
    forward = stack.model.forward

    @wraps(forward)
    def acting(input_ids: Any = None, attention_mask: Any = None, past_key_values: Any = None, **more: Any) -> Any:
        given = {"input_ids": input_ids, "attention_mask": attention_mask, "past_key_values": past_key_values, **more}
        if past_key_values is not None and past_key_values.get_seq_length() > 0:
            return forward(**given)
        shape = more["inputs_embeds"].shape[:2] if input_ids is None else input_ids.shape
        mask = torch.ones(shape) if attention_mask is None else attention_mask
        with stack.acting(last_kept(mask)):
            return forward(**given)

    stack.model.forward = acting


def last_kept(mask: Tensor) -> Int[Tensor, " batch"]:
    """Of each row the last position that an attention mask (batch x token) keeps."""
    return mask.shape[1] - 1 - mask.flip(1).to(torch.int64).argmax(dim=1)
