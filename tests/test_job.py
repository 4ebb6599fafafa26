"""The job's folder: its name, its heartbeat, and what is said of resume state that does not fit."""

import json
import logging
import os
from pathlib import Path

import pytest

from grunflow.job import HEARTBEAT, RunningJob, current, running
from grunflow.manifest import output_folder, read_manifest
from grunflow.progress import track

IDENTITY = {"stage": "unlearn", "out": "results/a", "spec": {"seed": 1}, "code": "c0de", "inputs": {"data": {"d": "1"}}}


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_folder_follows_from_what_decides_the_result_not_from_where_it_goes() -> None:
    own = RunningJob(IDENTITY).folder
    assert RunningJob({**IDENTITY, "out": "results/b"}).folder == own
    for key, other in (("stage", "finetune"), ("spec", {"seed": 2}), ("code", "0"), ("inputs", {})):
        assert RunningJob({**IDENTITY, key: other}).folder != own


def test_progress_writes_a_heartbeat_which_success_removes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "77")
    with running(RunningJob(IDENTITY)) as job:
        seen = []
        for step in track(5, "gd full seed 1", first=2):
            seen.append(step)
            beat = json.loads((job.folder / HEARTBEAT).read_text())
            assert beat["step"] == 2  # the others came within the same second
    assert seen == [2, 3, 4]
    assert current() is None
    started, updated = beat.pop("started"), beat.pop("updated")
    assert started <= updated
    assert beat.pop("host")
    assert beat == {
        "stage": "unlearn", "out": "results/a", "label": "gd full seed 1", "step": 2, "total": 5, "first": 2, "pid": os.getpid(),
        "slurm_job_id": "77",
    }  # fmt: skip
    assert json.loads((job.folder / "job.json").read_text()) == IDENTITY
    job.end()
    assert not job.folder.exists()


def test_a_resumed_job_counts_the_gpu_time_of_all_its_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grunflow.manifest.gpu_usage", lambda seconds: {"gpu_seconds": 2 * seconds})
    with output_folder(Path("out"), spec={}, code="", inputs={}) as (_, measured):
        measured["seconds"] = 500.0
    assert read_manifest(Path("out"))["measured"]["gpu_seconds"] == 1000.0


def test_only_the_leading_process_writes() -> None:
    with running(RunningJob(IDENTITY, lead=False)) as job:
        assert list(track(3, "x")) == [0, 1, 2]
        assert not job.folder.exists()


def test_what_does_not_fit_is_named_with_what_differs(caplog: pytest.LogCaptureFixture) -> None:
    old = RunningJob({**IDENTITY, "spec": {"seed": 2}, "code": "0"})
    old.make_folder()
    RunningJob({**IDENTITY, "out": "elsewhere", "code": "1"}).make_folder()
    with caplog.at_level(logging.WARNING), running(RunningJob(IDENTITY)):
        pass
    assert [record.getMessage() for record in caplog.records] == [
        f"resume state in {old.folder} ignored: made with another spec and code; delete it once you no longer want it"
    ]
    assert old.folder.is_dir()


def test_another_jobs_state_in_its_own_place_is_removed(caplog: pytest.LogCaptureFixture) -> None:
    job = RunningJob(IDENTITY)
    job.make_folder()
    (job.folder / "job.json").write_text(json.dumps({**IDENTITY, "code": "0"}))
    with running(job):
        assert not job.folder.exists()
    assert "is another job's: removed" in caplog.text


@pytest.mark.parametrize("text", ["", "{", "[1]", "null"])
def test_a_neighbours_record_that_was_cut_short_disturbs_nobody(text: str) -> None:
    other = RunningJob({**IDENTITY, "spec": {"seed": 2}})
    other.make_folder()
    (other.folder / "job.json").write_text(text)
    with running(RunningJob(IDENTITY)) as job:
        job.beat("x", 0, 1, 0)
        assert (job.folder / HEARTBEAT).is_file()


def test_what_begins_is_told_at_once() -> None:
    """A training that comes to its tenth step within a second of its start is no longer starting."""
    with running(RunningJob(IDENTITY)) as job:
        job.beat("starting", 0, 1, 0)
        job.beat("gd", 9, 60, 0)
        job.beat("gd", 10, 60, 0)
        beat = json.loads((job.folder / HEARTBEAT).read_text())
    assert (beat["label"], beat["step"], beat["total"]) == ("gd", 9, 60)


def test_a_disk_that_takes_no_heartbeat_ends_no_work(caplog: pytest.LogCaptureFixture) -> None:
    with running(RunningJob(IDENTITY)) as job:
        Path(".resume").write_text("in the way")
        for _ in range(2):
            job.beaten = 0.0
            job.beat("x", 0, 1, 0)
    assert [record.getMessage()[:13] for record in caplog.records] == ["no heartbeat:"]
