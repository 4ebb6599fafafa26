"""A model in a local folder: shape and words from its files, which are files of the jobs that load it."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from grunflow.config.jobs import all_jobs
from grunflow.config.local import BROUGHT
from grunflow.config.reading import read_study
from grunflow.config.study import Resolved
from grunflow.errors import BadInput
from tests.models.families import tiny

TRAINING = {"learning_rate": 1e-3, "steps": 3, "batch_size": 4}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    tiny("llama").save_pretrained(tmp_path / "model")
    (tmp_path / "model" / "README.md").write_text("a card")
    return tmp_path / "model"


def study_of(folder: Path, row: dict[str, Any], **tofu: Any) -> Resolved:
    (folder / "models.yaml").write_text(yaml.safe_dump({"own": {"target": TRAINING, **row}}))
    return read_study({
        "study": "s", "title": "S", "models_sheet": str(folder / "models.yaml"),
        "seeds": [{"target_seed": 0, "unlearn_seed": 0}], "benchmarks": {"tofu": tofu},
        "grid": [{"benchmark": "tofu", "model": "own", "objectives": ["gd"], "carriers": ["full"]}],
        "objectives": {"gd": {}}, "training": {"full": TRAINING},
    })  # fmt: skip


def test_a_folder_states_its_own_shape(tmp_path: Path, model: Path) -> None:
    config = json.loads((model / "config.json").read_text())
    shape = study_of(tmp_path, {"repo": str(model)}).models["own"].architecture
    assert (shape.hidden_size, shape.layers, shape.heads) == (
        config["hidden_size"], config["num_hidden_layers"], config["num_attention_heads"],
    )  # fmt: skip
    assert (shape.vocabulary, shape.positions) == (config["vocab_size"], config["max_position_embeddings"])


def test_what_the_sheet_states_is_held_against_the_folder(tmp_path: Path, model: Path) -> None:
    width = json.loads((model / "config.json").read_text())["hidden_size"]
    with pytest.raises(BadInput, match=r"own\.architecture\.layers: got 9, expected \d+ as .*config\.json says"):
        study_of(tmp_path, {"repo": str(model), "architecture": {"hidden_size": width, "layers": 9}})


def test_a_hubs_model_needs_its_shape(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"own\.architecture: missing"):
        study_of(tmp_path, {"repo": "org/name"})


def test_its_files_are_files_of_the_jobs_that_load_it(tmp_path: Path, model: Path) -> None:
    (model / BROUGHT).write_text('{"words": "a model"}')
    study = study_of(tmp_path, {"repo": str(model)}, references=["target", "retain", "base"])
    read = {
        job.folder.removeprefix("results/s/tofu/"): {Path(file).name for file in job.files} for job in all_jobs(study)
    }
    weights = {"config.json", "generation_config.json", "model.safetensors"}
    assert read["runs/own/target_t0"] == read["runs/own/forget10/retain_t0"] == weights
    assert read["scores/own/forget10/base/plain"] == weights
    assert read["runs/own/forget10/gd_full_t0_u0"] == read["scores/own/forget10/gd_full_t0_u0/plain"] == set()


def test_captions_say_what_it_is_and_what_is_left_out(tmp_path: Path, model: Path) -> None:
    (model / BROUGHT).write_text('{"words": "Tiny, 4-bit weights dequantised"}')
    subset = {"forget_split": "forget05", "retain_authors": 3, "questions": 7}
    study = study_of(tmp_path, {"repo": str(model)}, **subset)
    told = {job.spec.origins["tofu"] for job in all_jobs(study) if job.stage in ("tables", "figures", "report")}
    assert told == {
        "Tiny, 4-bit weights dequantised fine-tuned on the TOFU text (a subset: 3 retain authors from 0 on and the "
        "authors of forget05; 7 questions of each set at most)"
    }
