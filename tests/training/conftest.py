"""A tiny world with a base and a target model."""

from pathlib import Path

import pytest

from tests.jobs import CRAFT, KNOWN, WORLD, Job, finetune


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a generated world, the tiny base model and its target model, made by the command line."""
    folder = tmp_path_factory.mktemp("world")
    Job(folder, "prepare", WORLD).run("data")
    Job(folder, "finetune", finetune("base"), data="data").run("base")
    Job(folder, "finetune", finetune("target", files=KNOWN), data="data", start="base").run("target")
    Job(folder, "prepare", CRAFT).run("corpora")
    Job(folder, "finetune", finetune("base", "wmdp"), data="corpora").run("crafty")
    return folder


@pytest.fixture
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
