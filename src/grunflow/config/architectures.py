"""What a loaded model's own files say of it, without torch: whether its architecture is known, its shape, the parameters of its
blocks. So a study that asks for what is not there is refused before anything is trained."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from grunflow.config.facts import PACKAGE, facts
from grunflow.errors import BadInput, unknown_name

FILE = "config.json"
# Key of the models sheet's architecture -> what architectures call it in a model's config.json.
SHAPE = {
    "hidden_size": ("hidden_size", "n_embd", "d_model"),
    "layers": ("num_hidden_layers", "n_layer", "n_layers", "num_layers"),
    "heads": ("num_attention_heads", "n_head", "n_heads", "num_heads", "attention_heads"),
    "kv_heads": ("num_key_value_heads",),
    "intermediate_size": ("intermediate_size", "n_inner", "ffn_dim"),
    "vocabulary": ("vocab_size",),
    "tied": ("tie_word_embeddings",),
}


def check_architecture(where: str, folder: Path) -> None:
    """Refuse a folder whose model is of no architecture in SUPPORTED of models/blocks.py.

    Raises:
        BadInput: it is not, or the folder holds no config of a model.
    """
    known = facts(PACKAGE / "models" / "blocks.py")["SUPPORTED"]
    kind = str(config_of(where, folder).get("model_type"))
    if kind not in known:
        raise BadInput(f"{where}: {unknown_name('architecture', kind, known)}")


def config_of(where: str, folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / FILE).read_text())
    except OSError:
        raise BadInput(f"{where}: {folder} holds no {FILE}; name the folder of a model.") from None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise BadInput(f"{where}: {folder / FILE} is no JSON object; copy the model again.")
    return found


def shape_of(where: str, folder: Path, keys: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """What a folder's config.json says of each of the sheet's `keys` (key -> what architectures call it); None where it says nothing."""
    config = config_of(where, folder)
    config |= config.get("text_config") or {}
    return {key: next((config[name] for name in names if name in config), None) for key, names in keys.items()}


def check_shape(where: str, sheet: Mapping[str, Any], folder: Path, called: str = "") -> None:
    """Compare what the sheet states of a model's shape with its config.json. called: the repository, where the folder is a cache's.

    Raises:
        BadInput: they differ.
    """
    for key, found in shape_of(where, folder, SHAPE).items():
        stated = sheet.get(key)
        if None not in (stated, found) and stated != found:
            raise BadInput(
                f"{where}.architecture.{key}: got {stated}, expected {found} as {called or folder}/{FILE} says."
            )


def check_parameter(where: str, name: str, blocks: Iterable[int], found: Iterable[Iterable[str]] | None) -> None:
    """Refuse the name of a parameter that one of `blocks` has not. found: names by block; None: not known here.

    Raises:
        BadInput: names those that the block has.
    """
    if found is None:
        return
    known = [sorted(names) for names in found]
    for number in blocks:
        if number < len(known) and name not in known[number]:
            raise BadInput(
                f"{where}: got {name!r}, expected a parameter of block {number}: {', '.join(known[number])}."
            )


def parameters_of(folder: Path | None, layers: int) -> list[set[str]] | None:
    """Names of the parameters of each block: of the Llama that is built from scratch (None), or as a folder's safetensors have them;
    None where they are stored under other names, or otherwise."""
    if folder is None:
        return [set(facts(PACKAGE / "models" / "tiny.py")["BLOCK"])] * layers
    kind, renamed = config_of(str(folder), folder).get("model_type"), facts(PACKAGE / "models" / "blocks.py")["RENAMED"]
    stored = _stored(folder)
    if kind in renamed or not stored:
        return None
    found: list[set[str]] = [set() for _ in range(layers)]
    for name in stored:
        parts = name.split(".")
        # model.layers.3.mlp.down_proj.weight: the first whole number is the block's.
        at = next((place for place, part in enumerate(parts) if part.isdigit()), None)
        if at is not None and int(parts[at]) < layers:
            found[int(parts[at])].add(".".join(parts[at + 1 :]))
    return found if all(found) else None


def _stored(folder: Path) -> list[str]:
    """Names of what a model's safetensors hold: of one file from its header, a length of 8 bytes and JSON."""
    index, single = folder / "model.safetensors.index.json", folder / "model.safetensors"
    try:
        if index.is_file():
            return list(json.loads(index.read_text())["weight_map"])
        with single.open("rb") as file:
            return list(json.loads(file.read(int.from_bytes(file.read(8), "little"))))
    except (OSError, ValueError, KeyError):
        return []
