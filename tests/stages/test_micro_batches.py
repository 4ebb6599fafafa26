"""A step cut into micro-batches, its rows sorted by length, trains what the whole step trains."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from grunflow.config import specs
from grunflow.config.models import Architecture, Model
from grunflow.config.parts import Training
from grunflow.config.sets import Paired
from grunflow.stages import finetune, prepare, unlearn
from grunflow.work import Work
from tests.jobs import KNOWN, QUESTIONS, WORLD
from tests.parts import carrier, objective

REPLAYED: dict[str, Any] = {**QUESTIONS, "replay": "replay.jsonl", "replayed": 4, "beside": "unevaluated.jsonl"}
SHAPE = Architecture(hidden_size=16, layers=2, heads=2)


def training(accumulation: int | None) -> Training:
    return Training(learning_rate=1e-3, steps=4, batch_size=8, accumulation=accumulation)


def model_of(accumulation: int) -> Model:
    parts: dict[str, Any] = {"base": training(accumulation), "target": training(accumulation)}
    return Model(name="mini", architecture=SHAPE, replayed=4, **parts)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    for name in ("data", "base"):
        (folder / name).mkdir()
    prepare.run(specs.Prepare.model_validate(WORLD), Work({}, folder / "data", 8))
    spec = specs.Finetune(benchmark="tofu", model=model_of(1), role="base", files=("base.jsonl",), seed=0)
    finetune.run(spec, Work({"data": [folder / "data"]}, folder / "base", 8))
    return folder


def assert_equal_weights(one: Path, other: Path) -> None:
    first, second = (load_file(folder / "model.safetensors") for folder in (one, other))
    for name, tensor in first.items():
        torch.testing.assert_close(second[name], tensor, rtol=1e-4, atol=1e-5)


def test_fine_tuning_is_the_same_in_any_number_of_micro_batches(world: Path, tmp_path: Path) -> None:
    measured = {}
    for accumulation in (1, 4):
        out = tmp_path / str(accumulation)
        out.mkdir()
        spec = specs.Finetune(
            benchmark="tofu", model=model_of(accumulation), role="target", files=tuple(KNOWN), replay="replay.jsonl", seed=3,
        )  # fmt: skip
        inputs = {"data": [world / "data"], "start": [world / "base"]}
        measured[accumulation] = finetune.run(spec, Work(inputs, out, 8))
    assert_equal_weights(tmp_path / "1", tmp_path / "4")
    assert measured[1]["tokens"] == measured[4]["tokens"]
    # Rows of similar length beside each other: less padding is computed.
    assert measured[4]["train_flops"] < measured[1]["train_flops"]


# dpo pairs each answer with its refusal; gd's retain rows are no one's partner; rows of one step differ in length.
@pytest.mark.parametrize("kind", ["dpo", "gd"])
def test_unlearning_is_the_same_in_any_number_of_micro_batches(kind: str, world: Path, tmp_path: Path) -> None:
    for accumulation in (1, 4):
        out = tmp_path / str(accumulation)
        out.mkdir()
        spec = specs.Unlearn(
            benchmark="tofu", model=model_of(1), split="forget10", stream=Paired(**REPLAYED), objective=objective(kind),
            carrier=carrier("full"), training=training(accumulation), target_seed=0, unlearn_seed=1,
        )  # fmt: skip
        unlearn.run(spec, Work({"data": [world / "data"], "start": [world / "base"]}, out, 8))
    assert_equal_weights(tmp_path / "1" / "carrier", tmp_path / "4" / "carrier")


def test_micro_batches_that_are_left_to_the_plan_are_those_of_the_call(world: Path, tmp_path: Path) -> None:
    """The same bytes as where the spec says them."""
    measured = []
    for name, told, called in (("told", 4, 1), ("left", None, 4)):
        out = tmp_path / name
        out.mkdir()
        spec = specs.Unlearn(
            benchmark="tofu", model=model_of(1), split="forget10", stream=Paired(**REPLAYED), objective=objective("gd"),
            carrier=carrier("full"), training=training(told), target_seed=0, unlearn_seed=1,
        )  # fmt: skip
        inputs = {"data": [world / "data"], "start": [world / "base"]}
        measured.append(unlearn.run(spec, Work(inputs, out, 8, accumulation=called)))
    assert [found["accumulation"] for found in measured] == [4, 4]
    told, left = (load_file(tmp_path / name / "carrier" / "model.safetensors") for name in ("told", "left"))
    assert all(torch.equal(told[name], left[name]) for name in told)
