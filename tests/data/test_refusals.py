"""Refusals from a text file."""

from pathlib import Path

import pytest

from grunflow.data.refusals import read_refusal_lines
from grunflow.errors import BadInput


def test_a_sentence_per_line(tmp_path: Path) -> None:
    (tmp_path / "idk").write_text("I don't know.\n\nNo idea.\n")
    assert read_refusal_lines(str(tmp_path / "idk"), "refusals") == ["I don't know.", "No idea."]
    with pytest.raises(BadInput, match="cannot read it: No such file"):
        read_refusal_lines(str(tmp_path / "absent"), "refusals")
