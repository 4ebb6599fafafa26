"""Models and tokenizers, from a finished stage's folder or from the hub."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import hf_hub_download
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging

from grunflow.config.models import Model
from grunflow.errors import BadInput, unknown_name
from grunflow.hub import CONFIG, TOKENIZER, WEIGHTS, hub_reason, lacking_reason, lacks, resolved
from grunflow.models.blocks import SUPPORTED, blocks
from grunflow.models.vocabulary import fit

# Its bars fill log files; training has a bar of its own (grunflow.progress).
logging.disable_progress_bar()
# No code of a model's repository is run: every supported architecture is in transformers. Unset, a terminal would be asked.
NO_CODE = {"trust_remote_code": False}
# What was read is told beside the model: shapes that differ, too, in place of an error of many lines.
TOLD = {"output_loading_info": True, "ignore_mismatched_sizes": True}


def load_model(
    source: Path | str, dtype: str = "float32", revision: str | None = None, placed: dict[str, Any] | None = None
) -> Any:
    """The causal LM in a folder (Path) or hub repository (str), in evaluation mode, on a GPU where there is one.

    Args:
        placed: keys of `from_pretrained` that say where its parts lie, where not whole in one place.

    Raises:
        BadInput: there is none, its architecture is not known, or its files do not hold every weight.
    """
    supported_config(source, revision)
    with explained(source, revision, WEIGHTS):
        found = AutoModelForCausalLM.from_pretrained(
            source,
            revision=revision,
            dtype=getattr(torch, dtype),
            local_files_only=isinstance(source, Path),
            use_safetensors=True,
            **TOLD,
            **NO_CODE,
            **(placed or placement()),
        )
    return whole(found, source).eval()


def whole(found: Any, source: Path | str) -> Any:
    """The model of a loading with `TOLD`, every weight of which was read.

    Raises:
        BadInput: one was not: transformers draws it at random, and only warns.
    """
    model, told = found
    unread = sorted([*told["missing_keys"], *(name for name, *_ in told["mismatched_keys"])])
    if unread:
        raise BadInput(
            f"model {source}: {len(unread)} of its weights are not in its files, or of another shape there ({unread[0]}); "
            "take whole files that belong to its config.json, or run the stage again that made it."
        )
    return model


def placement() -> dict[str, Any]:
    """Keys of `from_pretrained` that read weights from their files right onto this process's GPU: through the host each would be
    copied once more, and a whole model would lie there for a while. On a CPU nothing."""
    return {"device_map": torch.cuda.current_device()} if torch.cuda.is_available() else {}


def load_config(source: Path | str, revision: str | None = None) -> Any:
    """The config of the model there."""
    with explained(source, revision, CONFIG):
        return AutoConfig.from_pretrained(
            source, revision=revision, local_files_only=isinstance(source, Path), **NO_CODE
        )


def supported_config(source: Path | str, revision: str | None = None) -> Any:
    """The config of the model there, one of those that this package trains and asks.

    Raises:
        BadInput: its architecture is not known.
    """
    config = load_config(source, revision)
    if config.model_type not in SUPPORTED:
        raise BadInput(f"model {source}: {unknown_name('architecture', config.model_type, SUPPORTED)}")
    return config


def block_parameters(source: Path | str, revision: str | None = None) -> list[set[str]]:
    """Names of the parameters of each decoder block, from the config alone: nothing of the weights is read or held."""
    model = without_weights(load_config(source, revision))
    return [{name for name, _ in block.named_parameters()} for block in blocks(model)]


def shapes_of(config: Any) -> dict[str, torch.Size]:
    """Name -> shape of each parameter of a model of this config."""
    return {name: part.shape for name, part in without_weights(config).named_parameters()}


def without_weights(config: Any, dtype: torch.dtype | None = None) -> Any:
    """A model of this config on the meta device: parameters have shapes and a type, and take no memory."""
    with torch.device("meta"):
        return AutoModelForCausalLM.from_config(config, dtype=dtype)


def load_tokenizer(source: Path | str, revision: str | None = None) -> Any:
    """The tokenizer there; a model without a padding token pads with its eos, which every mask leaves out."""
    with explained(source, revision, TOKENIZER):
        tokenizer = AutoTokenizer.from_pretrained(
            source, revision=revision, local_files_only=isinstance(source, Path), **NO_CODE
        )
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def place_of(model: Model, start: Sequence[Path]) -> tuple[Path | str, str | None]:
    """Where a model lies, and its revision: the first folder that a run starts from, or the hub's repository."""
    whole = [folder for folder in start[:1] if (folder / "config.json").is_file()]
    if whole:
        return whole[0], None
    if model.repo is None:
        raise BadInput(f"--input start: model {model.name} is trained from scratch; name the folder of its base.")
    if model.repo.startswith((".", "/")) and not Path(model.repo).is_dir():
        raise BadInput(f"model {model.name}: no folder {model.repo!r}; `grunflow prefetch --configfile ...` fills it.")
    return model.repo, model.revision


def at_commit(source: Path | str, revision: str | None) -> tuple[Path | str, str | None]:
    """The same with the commit that the hub's repository is at, which is noted: weights and tokenizer are those of one commit."""
    if isinstance(source, Path) or Path(source).is_dir():
        return source, revision
    with explained(source, revision, CONFIG):
        commit = Path(hf_hub_download(source, "config.json", revision=revision)).parent.name
    resolved("model", source, revision, commit)
    return source, commit


def start_model(model: Model, start: Sequence[Path]) -> Any:
    """The model that a stage starts from."""
    source, revision = at_commit(*place_of(model, start))
    return load_model(source, model.dtype, revision)


def start_tokenizer(model: Model, start: Sequence[Path]) -> Any:
    """The tokenizer of that model, fit for it."""
    source, revision = at_commit(*place_of(model, start))
    config = load_config(source, revision).get_text_config(decoder=True)
    return fit(load_tokenizer(source, revision), config, model.name)


def start_config(model: Model, start: Sequence[Path]) -> Any:
    """The config of that model."""
    return load_config(*at_commit(*place_of(model, start)))


class explained:
    """Turns what a hub can answer into one line that says what to do. files: of which one is needed."""

    def __init__(self, source: Path | str, revision: str | None, files: tuple[str, ...]) -> None:
        self.source, self.revision, self.files = source, revision, files

    def __enter__(self) -> None: ...

    def __exit__(self, kind, error, trace) -> None:
        if isinstance(error, OSError | ValueError):
            name = f"{self.source}@{self.revision}" if self.revision else str(self.source)
            absent = lacks(self.source, self.revision, self.files)
            raise BadInput(
                f"model {name}: {lacking_reason(self.files) if absent else hub_reason(error, model=True)}"
            ) from error
        # Torch's words and transformers', of weights that cannot be put into the model.
        if isinstance(error, RuntimeError) and re.search("loading state_dict|conversion of the weights", str(error)):
            raise BadInput(
                f"model {self.source}: its files do not hold the weights that its config.json says ({str(error).splitlines()[0][:200]}); "
                "take whole files, or run the stage again that made it."
            ) from error
