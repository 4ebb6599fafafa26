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


@pytest.fixture
def edited(finished: Path):
    """A function that applies an edit to the finished study; what it changed is put back after the test."""

    def content() -> dict[Path, bytes]:
        places = (
            finished / "src",
            finished / "config",
            *map(finished.joinpath, ("study.yaml", "mine.py", "tofu/full.json")),
        )
        found = [path for place in places for path in ([place] if place.is_file() else place.rglob("*.*"))]
        return {path: path.read_bytes() for path in found if path.suffix in (".py", ".yaml", ".json")}

    kept = content()
    yield lambda edit: edit(finished)
    for path, found in content().items():
        if path not in kept:
            path.unlink()
        elif found != kept[path]:
            path.write_bytes(kept[path])
