"""A tiny world with a base and a target model."""

from pathlib import Path

import pytest
from tests.jobs import MODEL, Job


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a generated world, the tiny base model and its target model, made by the command line."""
    folder = tmp_path_factory.mktemp("world")
    spec = {"world": {"authors": 10, "background_authors": 1, "holdout_authors": 1, "facts": 8}, "vocabulary": 300}
    Job(folder, "prepare_data", spec).run("data")
    Job(folder, "finetune", {"model": MODEL, "role": "base", "seed": 0}, data="data").run("base")
    target = {"model": MODEL, "role": "target", "seed": 0}
    Job(folder, "finetune", target, data="data", base="base").run("target")
    spec = {"sources": {"craft": {"things": 8}}, "tasks": ["forget_domain"], "vocabulary": 400}
    Job(folder, "prepare_corpora", spec).run("corpora")
    Job(folder, "finetune", {"model": MODEL, "role": "base", "seed": 0}, data="corpora").run("crafty")
    return folder
