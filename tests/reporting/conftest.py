"""A study of both of the package's benchmarks, made once."""

import pytest
from tests.reporting import made_up


@pytest.fixture(scope="session")
def demo(tmp_path_factory) -> made_up.Study:
    return made_up.demo(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module", autouse=True)
def _tales_are_known():
    with pytest.MonkeyPatch.context() as patch:
        made_up.tell_tales(patch)
        yield
