"""A model that is loaded in part: what is there is what the whole has, and nothing else takes memory."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from grunflow.config.models import Architecture, Model
from grunflow.errors import BadInput
from grunflow.interventions.packed import PACKABLE
from grunflow.models.loading import load_model
from grunflow.models.partly import PartlyLoaded, load_from, resident_bytes

BLOCKS = 5


def saved(folder: Path, kind: str, tied: bool = True, **options: Any) -> Path:
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    config = AutoConfig.for_model(
        kind, vocab_size=64, hidden_size=32, intermediate_size=64, num_hidden_layers=BLOCKS, num_attention_heads=4,
        num_key_value_heads=2, eos_token_id=0, pad_token_id=0, bos_token_id=None, initializer_range=0.3, tie_word_embeddings=tied,
    )  # fmt: skip
    AutoModelForCausalLM.from_config(config).save_pretrained(folder, **options)
    return folder


def from_folder(folder: Path, first: int | None, dtype: str = "float32") -> PartlyLoaded:
    model = Model(name="m", architecture=Architecture(hidden_size=32, layers=BLOCKS), dtype=dtype)
    found = load_from(model, [folder], first)
    assert found is not None
    return found


def every_block(folder: Path) -> None:
    partly = from_folder(folder, 3)
    for layer in range(BLOCKS):
        with partly.lent(layer):
            continue


def tensors(module: Any) -> dict[str, Tensor]:
    return {**dict(module.named_parameters()), **dict(module.named_buffers())}


@pytest.mark.parametrize("options", [{}, {"max_shard_size": "20KB"}], ids=["one_file", "shards"])
@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("kind", PACKABLE)
def test_what_is_loaded_is_the_wholes_and_the_rest_takes_nothing(
    kind: str, tied: bool, options: dict[str, str], tmp_path: Path
) -> None:
    folder = saved(tmp_path / "model", kind, tied, **options)
    assert len(list(folder.glob("*.safetensors"))) == 1 or options
    whole, partly = load_model(folder), from_folder(folder, 3)
    assert partly.loaded == 2
    below = tuple(f"model.layers.{layer}." for layer in range(3))
    expected, found = tensors(whole), tensors(partly.model)
    assert found.keys() == expected.keys()
    for name, tensor in found.items():
        assert tensor.is_meta == name.startswith(below), name
        if not tensor.is_meta:
            assert torch.equal(tensor, expected[name]), name
    assert (partly.model.lm_head.weight is partly.model.model.embed_tokens.weight) == tied
    block = sum(part.numel() for part in whole.model.layers[0].parameters())
    assert resident_bytes(whole) - resident_bytes(partly.model) == 4 * 3 * block


def test_a_block_is_lent_with_its_weights_and_lost_behind(tmp_path: Path) -> None:
    folder = saved(tmp_path / "model", "llama")
    whole, partly = load_model(folder), from_folder(folder, None)
    before = resident_bytes(partly.model)
    for layer in range(BLOCKS):
        with partly.lent(layer) as module:
            for name, tensor in module.named_parameters():
                assert torch.equal(tensor, whole.model.layers[layer].get_parameter(name))
        assert resident_bytes(partly.model) == before


def test_weights_come_in_the_models_type(tmp_path: Path) -> None:
    folder = saved(tmp_path / "model", "llama")
    whole, partly = load_model(folder, "bfloat16"), from_folder(folder, 4, "bfloat16")
    for name, tensor in tensors(partly.model.model.layers[4]).items():
        assert torch.equal(tensor, tensors(whole.model.layers[4])[name])
    assert partly.model.model.norm.weight.dtype == torch.bfloat16
    assert torch.equal(partly.model.model.rotary_emb.inv_freq, whole.model.rotary_emb.inv_freq)


@pytest.mark.parametrize("absent", ["model.safetensors", "model-00002-of-"])
def test_weights_that_are_not_there_are_one_line(absent: str, tmp_path: Path) -> None:
    options = {"max_shard_size": "20KB"} if "-" in absent else {}
    folder = saved(tmp_path / "model", "llama", **options)
    for path in folder.glob(f"{absent}*"):
        if path.suffix == ".safetensors":
            path.unlink()
    with pytest.raises(BadInput, match=f"model {folder}: ") as caught:
        every_block(folder)
    assert "\n" not in str(caught.value)


def test_what_only_transformers_can_read_is_left_to_it(tmp_path: Path) -> None:
    """Files of another naming, and folders with a carrier on a model."""
    folder, model = (
        saved(tmp_path / "model", "llama"),
        Model(name="m", architecture=Architecture(hidden_size=32, layers=BLOCKS)),
    )
    assert load_from(model, [folder, tmp_path / "run"], 3) is None
    (tmp_path / "run").mkdir()
    assert load_from(model, [tmp_path / "run"], 3) is None
    from safetensors.torch import load_file, save_file

    file = folder / "model.safetensors"
    save_file({name.removeprefix("model."): tensor for name, tensor in load_file(file).items()}, file)
    assert load_from(model, [folder], 3) is None


def test_a_weight_of_another_shape_is_one_line(tmp_path: Path) -> None:
    file = saved(tmp_path / "model", "llama") / "model.safetensors"
    save_file(
        load_file(file) | {"model.layers.4.mlp.up_proj.weight": torch.ones(3, 3)}, file, metadata={"format": "pt"}
    )
    with pytest.raises(
        BadInput, match=r"its files do not hold the weights that its config\.json says \(Error.*take whole files"
    ):
        from_folder(tmp_path / "model", 3)
