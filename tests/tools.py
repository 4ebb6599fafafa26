"""Programs that some tests need and that pip does not bring."""

import os
import shutil

import pytest


def program(*names: str) -> str:
    """Path of the first of these programs; without any the test is skipped, in CI it fails."""
    for name in names:
        found = shutil.which(name)
        if found:
            return found
    reason = f"no program {' or '.join(names)}; .ci/run installs it"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
