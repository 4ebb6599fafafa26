"""Weights go from their files to where the model is run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.models.families import tiny
from torch import Tensor
from transformers import AutoModelForCausalLM

from grunflow.errors import BadInput
from grunflow.models.loading import load_model, placement


def test_on_a_gpu_weights_are_read_right_onto_this_process_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ("device_map" in placement()) == torch.cuda.is_available()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 3)
    assert placement() == {"device_map": 3}


@pytest.mark.parametrize("kind", ["llama", "gpt2", "gemma3", "mixtral"])
def test_a_placed_model_is_the_same_and_has_no_hooks(tmp_path: Path, kind: str) -> None:
    """With one device in its map transformers moves weights and wraps nothing; the CPU stands for that device here."""
    tiny(kind).save_pretrained(tmp_path)
    plain, placed = load_model(tmp_path), AutoModelForCausalLM.from_pretrained(tmp_path, device_map="cpu")
    assert not any(hasattr(module, "_hf_hook") for module in placed.modules())
    for (name, one), (other, two) in zip(plain.named_parameters(), placed.named_parameters(), strict=True):
        assert name == other
        assert torch.equal(one, two)
    placed.save_pretrained(tmp_path / "again")
    saved = load_file(tmp_path / "again" / "model.safetensors")
    assert saved.keys() == load_file(tmp_path / "model.safetensors").keys()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda weights: weights.pop("model.layers.1.mlp.up_proj.weight"), r"1 of its weights .* \(model\.layers\.1\.mlp\.up_proj\.weight\)"),
        (lambda weights: weights.update({"model.norm.weight": torch.ones(3)}), r"1 of its weights .* \(model\.norm\.weight\)"),
        (lambda weights: weights.clear(), r"\d\d of its weights are not in its files"),
    ],
    ids=["lacking", "of another shape", "none"],
)  # fmt: skip
def test_weights_that_would_be_random_are_refused(
    tmp_path: Path, change: Callable[[dict[str, Tensor]], Any], told: str
) -> None:
    tiny("llama").save_pretrained(tmp_path)
    file = tmp_path / "model.safetensors"
    weights = load_file(file)
    change(weights)
    save_file(weights, file, metadata={"format": "pt"})
    with pytest.raises(BadInput, match=f"model {tmp_path}: {told}"):
        load_model(tmp_path)


def test_an_expert_that_lacks_a_part_is_one_line(tmp_path: Path) -> None:
    """Its parts are joined as they are read."""
    tiny("mixtral").save_pretrained(tmp_path)
    file = tmp_path / "model.safetensors"
    weights = load_file(file)
    lacking = next(name for name in weights if ".experts." in name)
    del weights[lacking]
    save_file(weights, file, metadata={"format": "pt"})
    with pytest.raises(BadInput, match="weights"):
        load_model(tmp_path)
