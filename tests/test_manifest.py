"""Output folders are whole or absent."""

from pathlib import Path

import pytest

from grunflow.manifest import MANIFEST, output_folder, read_manifest


def write(out: Path, text: str) -> None:
    with output_folder(out, spec={}, code="", inputs={}) as (draft, _):
        (draft / "a.txt").write_text(text)


def write_and_fail(out: Path) -> None:
    with output_folder(out, spec={}, code="", inputs={}) as (draft, _):
        (draft / "a.txt").write_text("second")
        raise RuntimeError("boom")


def test_an_exception_leaves_the_former_folder_untouched_and_no_draft(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out, "first")
    with pytest.raises(RuntimeError, match="boom"):
        write_and_fail(out)
    assert (out / "a.txt").read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_second_run_replaces_files_and_manifest(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out, "first")
    before = read_manifest(out)["outputs"]
    write(out, "second")
    assert (out / "a.txt").read_text() == "second"
    assert read_manifest(out)["outputs"] != before
    assert sorted(path.name for path in out.iterdir()) == ["a.txt", MANIFEST]
