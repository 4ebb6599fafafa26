"""Nothing that a study reads is run as code, but the methods that its config names (docs/security.md)."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from grunflow.errors import BadInput

ROOT = Path(__file__).parents[1]
SOURCES = sorted(path for folder in ("src", "benchmarks") for path in (ROOT / folder).rglob("*.py"))
RUNS_CODE = {"pickle", "cPickle", "dill", "joblib", "cloudpickle", "marshal", "shelve"}


def calls(path: Path) -> Iterator[tuple[str, dict[str, ast.expr]]]:
    """Dotted name, as far as it is one, and keywords of every call."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), {item.arg or "**": item.value for item in node.keywords}


def test_no_pickle_is_read_and_no_text_is_run() -> None:
    for path in SOURCES:
        imported = {
            alias.name.partition(".")[0]
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Import)
            for alias in node.names
        }
        assert not imported & RUNS_CODE, path
        for name, keys in calls(path):
            assert name not in ("eval", "exec", "os.system", "os.popen", "pd.read_pickle"), path
            assert "shell" not in keys, f"{path}: {name} by a shell"
            if name == "torch.load":
                assert ast.unparse(keys["weights_only"]) == "True", path
            if name == "yaml.load":
                assert "_Loader" in path.read_text(), path


def test_every_model_is_loaded_without_the_code_of_its_repository(tmp_path: Path) -> None:
    """A custom class in a model's folder is not even imported; weights are safetensors."""
    from grunflow.models.loading import load_config, load_model

    (tmp_path / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    content = {"model_type": "own", "auto_map": {"AutoConfig": "own.Config", "AutoModelForCausalLM": "own.Model"}}
    (tmp_path / "config.json").write_text(json.dumps(content))
    with pytest.raises(BadInput):
        load_config(tmp_path)
    with pytest.raises(BadInput):
        load_model(tmp_path)
    assert not (tmp_path / "ran").exists()
    shape = {
        "hidden_size": 8,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 8,
        "vocab_size": 9,
    }
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama", **shape}))
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04cos\nsystem\n")
    with pytest.raises(BadInput, match=r"safetensors|lacks a file|no file"):
        load_model(tmp_path)
