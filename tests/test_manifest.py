"""Output folders are whole or absent."""

import os
import socket
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from grunflow import manifest
from grunflow.errors import BadInput
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


def test_data_and_commit_are_those_of_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that changed while the stage ran: nobody knows which it read."""
    data, out = tmp_path / "data.txt", tmp_path / "out"
    data.write_text("first")

    def work(text: str) -> None:
        with output_folder(out, spec={}, code="", inputs={}, files=[data]):
            monkeypatch.setattr(manifest, "provenance", lambda: {"git_commit": "later"})
            data.write_text(text)

    monkeypatch.setattr(manifest, "provenance", lambda: {"git_commit": "at the start"})
    work("first")
    assert read_manifest(out)["provenance"]["git_commit"] == "at the start"
    with pytest.raises(BadInput, match=r"data\.txt: changed while the stage ran"):
        work("second")


def test_drafts_of_killed_processes_go_and_those_of_living_ones_stay(tmp_path: Path) -> None:
    host = socket.gethostname()
    dead, alive, elsewhere = (tmp_path / f".out.draft-{name}" for name in (f"{host}-99999999", f"{host}-1", "other-1"))
    for draft in (dead, alive, elsewhere):
        draft.mkdir()
    write(tmp_path / "out", "first")
    assert sorted(path.name for path in tmp_path.iterdir()) == [alive.name, "out"]


def test_without_git_a_stage_ends_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    write(tmp_path / "out", "first")
    made = read_manifest(tmp_path / "out")["provenance"]
    assert (made["git_commit"], made["git_dirty"]) == (None, None)


def test_files_are_as_readable_as_the_umask_says(tmp_path: Path) -> None:
    """safetensors writes its own for their owner alone."""
    before = os.umask(0o022)
    try:
        with output_folder(tmp_path / "out", spec={}, code="", inputs={}) as (draft, _):
            save_file({"a": torch.zeros(1)}, draft / "a.safetensors")
    finally:
        os.umask(before)
    assert (tmp_path / "out" / "a.safetensors").stat().st_mode & 0o777 == 0o644
