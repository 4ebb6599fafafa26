from pathlib import Path

import pytest

from tests.conditions.trained import world_in


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return world_in(tmp_path_factory.mktemp("world"))
