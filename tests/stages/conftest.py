"""What tests of several stages start from."""

from pathlib import Path

import pytest

from grunflow.config import specs
from grunflow.stages import finetune, prepare
from tests.jobs import WORLD
from tests.stages.made import made
from tests.stages.test_micro_batches import model_of


@pytest.fixture(scope="session")
def two_targets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data of a small world, and two models of two blocks that were trained on it from different seeds."""
    folder = tmp_path_factory.mktemp("two_targets")
    data = made(folder / "data", prepare, specs.Prepare.model_validate(WORLD))
    for seed in (0, 1):
        base = specs.Finetune(benchmark="tofu", model=model_of(1), role="base", files=("base.jsonl",), seed=seed)
        made(folder / f"target{seed}", finetune, base, data=data)
    return folder
