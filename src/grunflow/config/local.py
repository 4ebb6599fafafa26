"""A model in a local folder: its files, its shape where the sheet does not state it, and what it is, in words."""

import json
from pathlib import Path
from typing import Any

from grunflow.config import starts
from grunflow.config.architectures import FILE, SHAPE, shape_of
from grunflow.config.models import Model

# Written by `grunflow prefetch` beside the files that it brought: where they came from, and the model's words for captions.
BROUGHT = "brought.json"
# Of what a folder holds, what loading reads; a card or another format changes nothing.
READ = {".json", ".safetensors", ".jinja", ".model"}
POSITIONS = ("max_position_embeddings", "n_positions", "max_sequence_length")


def files_of(model: Model) -> tuple[str, ...]:
    """The files of a model in a local folder, whose checksums stand in the manifests of what loads it; none of a hub's."""
    folder = Path(model.repo or "")
    if model.repo is None or not folder.is_dir():
        return ()
    return tuple(str(path) for path in sorted(folder.iterdir()) if path.suffix in READ and path.name != BROUGHT)


def with_shape(row: dict[str, Any], where: str) -> dict[str, Any]:
    """The sheet's row with the architecture that the folder's config.json states, where the row has none."""
    folder = Path(str(row.get("repo") or ""))
    if "architecture" in row or not row.get("repo") or not (folder / FILE).is_file():
        return row
    found = shape_of(where, folder, SHAPE | {"positions": POSITIONS})
    return row | {"architecture": {key: value for key, value in found.items() if value is not None}}


def words_of(model: Model) -> str:
    """What a model that was not trained here is called in captions."""
    record = Path(model.repo or "") / BROUGHT
    if record.is_file():
        return str(json.loads(record.read_text())["words"])
    return model.sources.name if model.sources else str(starts.files_of(model))
