"""The folder `../shared` with fixtures and published data, which is no part of the project."""

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[2] / "shared"
GOLDEN = Path(os.environ.get("GRUNFLOW_GOLDEN", SHARED / "golden"))
# Where the folder is present, a missing part of it is a failure, not a skip.
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason=f"no folder {SHARED}")
needs_golden = pytest.mark.skipif(
    not (SHARED.is_dir() or GOLDEN.is_dir()), reason=f"no fixtures at {GOLDEN}; set GRUNFLOW_GOLDEN"
)
