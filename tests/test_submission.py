"""A job that waited is held against what was submitted."""

import json
from pathlib import Path

import pytest

from grunflow import submission
from grunflow.config.job import Job
from grunflow.config.jobs import all_jobs
from grunflow.config.reading import read_study
from grunflow.config.typed import read_yaml
from grunflow.errors import BadInput


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    """One of the demo's, with a data file, submitted."""
    found = next(job for job in all_jobs(read_study(read_yaml("config/demo.yaml", "config"))) if job.rule == "unlearn")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(submission.VARIABLE, "")
    Path("data.txt").write_text("first")
    job = Job(found.folder, found.spec, found.inputs, ("data.txt",))
    submission.submit([job])
    return job


def check(job: Job, spec: dict | None = None, code: str = "") -> None:
    own = job.spec.model_dump(mode="json")
    submission.check(Path(job.folder), spec or own, code or job.code, [Path("data.txt"), Path("mine.py")])


def test_what_was_submitted_runs(job: Job) -> None:
    check(job)


def test_another_learning_rate_other_code_and_other_data_do_not(job: Job) -> None:
    spec = job.spec.model_dump(mode="json")
    spec["training"]["learning_rate"] = 1.0
    with pytest.raises(BadInput, match=f"{job.folder}: config changed since the job was submitted"):
        check(job, spec)
    with pytest.raises(BadInput, match="code changed since"):
        check(job, code="other")
    Path("data.txt").write_text("second")
    with pytest.raises(BadInput, match="config and data changed since"):
        check(job, spec)


def test_an_edit_that_concerns_other_jobs_disturbs_nobody(job: Job) -> None:
    path = Path(submission.call())
    path.write_text(json.dumps(json.loads(path.read_text()) | {"another": {"config": "x", "code": "x", "data": "x"}}))
    check(job)
    submission.check(Path("by/hand"), {}, "", [])


def test_a_submission_that_is_gone_is_named(job: Job) -> None:
    Path(submission.call()).unlink()
    with pytest.raises(BadInput, match=r"submitted-.*: cannot be read"):
        check(job)


def test_a_stage_that_is_started_by_hand_is_not_held_against_anything(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(submission.VARIABLE)
    check(job, {"another": 1})
