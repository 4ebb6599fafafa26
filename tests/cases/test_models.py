"""Cases model_* and siblings: models in a folder of the user's through fine-tuning, unlearning and evaluation."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from grunflow.config.architectures import check_architecture
from grunflow.errors import BadInput
from grunflow.manifest import read_manifest
from tests.cases import loaded

SAMPLING = {"do_sample": True, "temperature": 0.6, "top_p": 0.9}


@pytest.mark.parametrize(
    "asked",
    [
        {"repetition_penalty": 1.5},
        {"no_repeat_ngram_size": 1},
        {"num_beams": 3, "length_penalty": 2.0},
        {"suppress_tokens": list(range(40, 80)), "min_new_tokens": 8},
        SAMPLING,
        {"temperature": 0.6, "top_p": 0.9},  # of no effect without do_sample: transformers refuses to save it so
    ],
    ids=lambda asked: next(iter(asked)),
)
def test_a_models_own_generation_config_changes_no_answer_and_stops_no_stage(
    tmp_path: Path, asked: dict[str, Any]
) -> None:
    data, folder = loaded.data_in(tmp_path / "data"), loaded.model_in(tmp_path / "model")
    found = {}
    for name, more in (("own", {}), ("asked", asked)):
        config = folder / "generation_config.json"
        config.write_text(json.dumps(json.loads(config.read_text()) | more))
        start = loaded.target(tmp_path / name, loaded.row_of(folder), data)
        for engine in ("fast", "plain"):
            out = loaded.scored(tmp_path / f"{name}_{engine}", loaded.row_of(folder), data, engine, start)
            found[name, engine] = pd.read_parquet(out / "answers.parquet")["generation"].tolist()
    assert len({tuple(answers) for answers in found.values()}) == 1


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        ("gpt_neox", {"tie_word_embeddings": False}),
        ("gpt_neox", {"tie_word_embeddings": True}),
        ("mixtral", {"num_local_experts": 3}),
        ("gemma2", {"sliding_window": 8}),
    ],
)
def test_a_model_that_is_saved_under_other_names_trains_is_restored_and_scored(
    tmp_path: Path, kind: str, keys: dict[str, Any]
) -> None:
    data, model = loaded.data_in(tmp_path / "data"), loaded.row_of(loaded.model_in(tmp_path / "model", kind, **keys))
    start = loaded.target(tmp_path / "target", model, data)
    for name in loaded.CARRIERS:
        run = loaded.unlearned(tmp_path / name, model, data, name, start=start)
        for engine in ("fast", "plain"):
            out = loaded.scored(tmp_path / f"{name}_{engine}", model, data, engine, start, run)
            assert pd.read_parquet(out / "answers.parquet")["nll_answer"].notna().all()


@pytest.mark.parametrize(
    "special", [{"pad_token": "[PAD]"}, {"pad_token": "[PAD]", "additional_special_tokens": ["<image>"]}]
)
@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_padding_beyond_the_embeddings_is_read_by_no_stage(tmp_path: Path, kind: str, special: dict[str, Any]) -> None:
    """As add_special_tokens leaves a tokenizer whose model was not made larger."""
    words = loaded.tokenizer()
    size = len(words)
    words.add_special_tokens(special)
    folder = loaded.model_in(tmp_path / "model", kind, words, vocab_size=size, pad_token_id=None)
    data, model = loaded.data_in(tmp_path / "data"), loaded.row_of(folder)
    start = loaded.target(tmp_path / "target", model, data)
    for name in loaded.CARRIERS:
        loaded.scored(
            tmp_path / f"{name}_s",
            model,
            data,
            "plain",
            start,
            loaded.unlearned(tmp_path / name, model, data, name, start=start),
        )


def test_an_end_of_text_beyond_the_embeddings_is_refused_before_training(tmp_path: Path) -> None:
    words = loaded.tokenizer()
    size = len(words)
    words.add_special_tokens({"eos_token": "<end>"})
    folder = loaded.model_in(tmp_path / "model", "llama", words, vocab_size=size, eos_token_id=0, pad_token_id=0)
    with pytest.raises(BadInput, match=f"gives '<end>' the id {size}, but it has embeddings of {size} ids"):
        loaded.target(tmp_path / "target", loaded.row_of(folder), loaded.data_in(tmp_path / "data"))


def test_qwen3_runs_on_every_carrier_and_what_is_not_known_is_refused_from_its_folder(tmp_path: Path) -> None:
    data, model = loaded.data_in(tmp_path / "data"), loaded.row_of(loaded.model_in(tmp_path / "model", "qwen3"))
    start = loaded.target(tmp_path / "target", model, data)
    for name in loaded.CARRIERS:
        run = loaded.unlearned(tmp_path / name, model, data, name, start=start)
        assert read_manifest(run)["measured"]["steps"] == 2
    for told in (
        {"model_type": "mamba"},
        {"model_type": "llava", "text_config": {"model_type": "llama"}},
        {"architectures": ["X"]},
    ):
        (tmp_path / "model" / "config.json").write_text(json.dumps(told))
        with pytest.raises(BadInput, match=r"models\.yaml: m\.repo: Unknown architecture"):
            check_architecture("models.yaml: m.repo", tmp_path / "model")
