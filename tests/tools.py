"""What some tests need and pip does not bring: without it they are skipped, in CI they fail."""

import os
import shutil
from typing import NoReturn

import pytest


def missing(reason: str) -> NoReturn:
    """A missing piece hides a test: in CI that is a failure."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def program(*names: str) -> str:
    """Path of the first of these programs; without any the test is skipped, in CI it fails."""
    for name in names:
        found = shutil.which(name)
        if found:
            return found
    missing(f"no program {' or '.join(names)}; .ci/run installs it")
