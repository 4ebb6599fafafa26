"""One finished small study for all tests of this folder, in a copy of the work tree: edits touch nothing real."""

from pathlib import Path

import pytest

from tests.workflow.small_study import make, snakemake


@pytest.fixture(scope="session")
def cached(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A finished study and the between-workflow cache that its run filled."""
    folder, cache = make(tmp_path_factory.mktemp("study")), tmp_path_factory.mktemp("cache")
    done = snakemake(folder, "--cache", SNAKEMAKE_OUTPUT_CACHE=str(cache))
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, cache


@pytest.fixture
def finished(cached: tuple[Path, Path]) -> Path:
    return cached[0]
