"""What `grunflow tables --partial` takes for there; tests/workflow/test_failed.py runs it."""

import shutil
from pathlib import Path

import pytest

from grunflow.config.jobs import all_jobs
from grunflow.config.reading import read_study
from grunflow.config.study import Resolved
from grunflow.config.typed import read_yaml
from grunflow.errors import BadInput
from grunflow.partial import jobs, so_far
from tests.finished import finish
from tests.test_cli import failed_with, grunflow

RUN, RETAIN = "tofu/runs/tiny/forget10/gd_full_t0_u0", "tofu/runs/tiny/forget10/retain_t1"
SCORES = "results/demo/tofu/scores/tiny/forget10"


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Resolved:
    """The demo, all of it done."""
    found = read_study(read_yaml("config/demo.yaml", "config"))
    (tmp_path / "config").symlink_to(Path("config").absolute())
    monkeypatch.chdir(tmp_path)
    finish(all_jobs(found))
    return found


def test_of_a_finished_study_nothing_is_missing(study: Resolved) -> None:
    assert so_far(study).absent == {}
    assert so_far(study).grid == study.grid


def test_a_run_that_is_not_scored_or_is_to_be_made_again_is_missing(study: Resolved) -> None:
    shutil.rmtree(f"{SCORES}/gd_full_t0_u0/plain")
    assert so_far(study).absent == {RUN: "missing"}
    (Path("results/demo") / RUN / "manifest.json").write_text("{}")
    assert so_far(study).absent == {RUN: "missing"}
    failed = study.model_copy(update={"absent": {RUN: "diverged"}})
    assert so_far(failed).absent == {RUN: "diverged"}


def test_runs_wait_for_the_model_that_they_are_held_against(study: Resolved) -> None:
    shutil.rmtree(f"{SCORES}/retain_t1")
    absent = so_far(study).absent
    assert absent.pop(RETAIN) == "missing"
    assert set(absent.values()) == {f"missing: waits for {RETAIN}"}
    assert all("_t1_u" in run and run.startswith("tofu/") for run in absent)
    assert len(absent) == 9 * len({seeds.unlearn_seed for seeds in study.seeds if seeds.target_seed == 1})


def test_a_benchmark_of_which_nothing_is_there_is_left_out(study: Resolved) -> None:
    shutil.rmtree("results/demo/wmdp/scores")
    known = so_far(study)
    assert {rows.benchmark for rows in known.grid} == {"tofu"}
    shutil.rmtree("results/demo/tofu/scores")
    with pytest.raises(BadInput, match="study demo: no run is whole yet; grunflow status says how far it is"):
        so_far(study)


def test_its_jobs_write_below_a_folder_of_their_own_and_read_the_studys_scores(study: Resolved) -> None:
    found = list(jobs(so_far(study)))
    assert [job.stage for job in found] == ["aggregate", "aggregate", "tables", "figures", "claims", "report"]
    assert all(job.folder.startswith("results/demo/partial/") for job in found)
    assert all(folder.startswith("results/demo/tofu/scores/") for folder in found[0].inputs["score"])
    assert found[2].inputs == {"metrics": ("results/demo/partial/tofu/metrics", "results/demo/partial/wmdp/metrics")}
    assert found[-1].copy == Path("results/demo/partial/report.html")


def test_what_it_needs_is_said_in_one_line() -> None:
    failed_with(grunflow("tables", "--partial"), "tables --partial: give the study's --configfile too.")
    assert grunflow("tables").returncode == 2
    assert "the following arguments are required: --spec, --out" in grunflow("tables").stderr
