"""A tokenizer that does not fit its model is mended where no text changes, else refused when it is loaded."""

from pathlib import Path
from typing import Any

import pytest
from tests.models.families import WORDS, config_of, words

from grunflow.config.models import Architecture, Model
from grunflow.data.prompts import encode
from grunflow.errors import BadInput
from grunflow.models.loading import start_tokenizer

MODEL = Model(name="tiny", architecture=Architecture(hidden_size=32, layers=2, heads=4))


def tokenizer_beside(folder: Path, tokenizer: Any, **keys: Any) -> Any:
    """The tokenizer as a stage reads it beside a model of 64 ids."""
    config_of("llama", **keys).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return start_tokenizer(MODEL, [folder])


def test_a_tokenizer_is_mended_where_that_changes_no_text(tmp_path: Path) -> None:
    bare = tokenizer_beside(tmp_path / "bare", words(), eos_token_id=[2, 3])
    assert (bare.eos_token_id, bare.pad_token_id) == (2, 2)
    late = words(eos_token="<eos>")
    late.add_special_tokens({"pad_token": "[PAD]", "additional_special_tokens": ["<image>"]})
    assert late.pad_token_id == WORDS
    found = tokenizer_beside(tmp_path / "late", late)
    assert (found.eos_token_id, found.pad_token_id) == (2, 2)
    found.save_pretrained(tmp_path / "late")
    assert start_tokenizer(MODEL, [tmp_path / "late"]).pad_token_id == 2


def test_a_tokenizer_of_another_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        BadInput, match="model tiny: its tokenizer gives 'w64' the id 64, but it has embeddings of 64 ids"
    ):
        tokenizer_beside(tmp_path / "larger", words(70, eos_token="<eos>"))
    late = words()
    late.add_special_tokens({"eos_token": "<end>"})
    with pytest.raises(BadInput, match="gives '<end>' the id 64"):
        tokenizer_beside(tmp_path / "late", late)
    with pytest.raises(BadInput, match=r"has no end of text; set eos_token in tokenizer_config\.json"):
        tokenizer_beside(tmp_path / "endless", words(), eos_token_id=None)


def test_a_tokenizer_that_makes_no_token_of_a_text_is_refused(tmp_path: Path) -> None:
    """transformers takes Qwen2's own class for a Qwen2 model, whatever tokenizer was saved beside it."""
    config_of("qwen2").save_pretrained(tmp_path)
    words(eos_token="<eos>", pad_token="<pad>").save_pretrained(tmp_path)
    with pytest.raises(BadInput, match=r"the tokenizer makes no token of 'Question: w5.*copy tokenizer\.json"):
        encode(start_tokenizer(MODEL, [tmp_path]), "w5", "w6")
