"""Planned beside measured: rates that finished jobs tell, on made-up manifests whose law is known."""

import argparse
import json
import math
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from grunflow.commands.plan import against, plan, readable, run
from grunflow.config.jobs import all_jobs
from grunflow.config.reading import read_study
from grunflow.config.typed import read_yaml
from grunflow.costs.hardware import ALONE
from grunflow.costs.placing import Cost
from grunflow.costs.rates import FILE, Rate, at, of_study, read
from grunflow.costs.requests import request, request_for
from grunflow.costs.stages import cost
from grunflow.costs.taken import Taken, learnt, taken
from grunflow.errors import BadInput

START, FLOPS = 7.0, 2e9


@pytest.fixture(scope="module")
def study():
    return read_study(read_yaml("config/demo.yaml", "config"))


@pytest.fixture
def results(study, tmp_path: Path) -> Path:
    """Manifests of the study's finished jobs but its report: every one took START seconds and its FLOPs at FLOPS a second."""
    for job in all_jobs(study):
        if job.rule != "report":
            place = tmp_path / Path(job.folder).relative_to(f"results/{study.study}")
            place.mkdir(parents=True)
            seconds = START + float(cost(study, job.spec).flops) / FLOPS
            measured = {"seconds": seconds, "cpu_seconds": 2 * seconds, "peak_memory_bytes": 3 * 2**30}
            (place / "manifest.json").write_text(
                json.dumps({"spec": job.spec.model_dump(mode="json"), "measured": measured})
            )
    return tmp_path


def test_the_law_that_made_the_seconds_is_found_again(study, results: Path) -> None:
    found, others = taken(study, all_jobs(study), results)
    rates = learnt(found)
    assert others == 0
    assert "report" not in rates
    assert rates["prepare"][:2] == (pytest.approx(START), 0.0)  # no work that is reckoned with
    for rule in ("unlearn", "evaluate"):  # jobs of different sizes
        assert rates[rule].start == pytest.approx(START, rel=1e-6)
        assert rates[rule].flops == pytest.approx(FLOPS, rel=1e-6)


def test_what_another_config_took_tells_nothing(study, results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Twice the steps take twice the seconds: held against today's plan, a rate would be wrong by as much."""
    given = read_yaml("config/demo.yaml", "config")
    given["training"]["grun"]["steps"] *= 2
    twice = read_study(given)
    before = {job.folder: job.spec for job in all_jobs(study)}
    changed = [job for job in all_jobs(twice) if job.spec != before[job.folder]]
    assert {job.spec.carrier.name for job in changed} == {"grun"}
    assert taken(twice, all_jobs(twice), results)[1] == len(changed)
    rows = against(twice, results)
    assert rows["unlearn"]["jobs"] == sum(job.rule == "unlearn" for job in all_jobs(twice)) - len(changed)
    assert "finished jobs left out" in capsys.readouterr().err
    assert read(results / FILE)["unlearn"].flops == pytest.approx(FLOPS, rel=1e-6)


def test_planned_beside_measured_and_a_plan_at_the_rates(study, results: Path) -> None:
    rows = against(study, results)
    finished = [job for job in all_jobs(study) if job.rule != "report"]
    assert sum(row["jobs"] for row in rows.values()) == len(finished)
    for row in rows.values():
        assert row["learnt_seconds"] == pytest.approx(row["seconds"], rel=1e-6)
        assert row["cpu_seconds"] == pytest.approx(2 * row["seconds"])
        assert row["peak_bytes"] == 3 * 2**30
    known = read(results / FILE)
    found = plan(study, known)
    measured = sum(row["seconds"] for row in rows.values())
    report = next(cost(study, job.spec) for job in all_jobs(study) if job.rule == "report")
    assert found["totals"]["seconds"] == pytest.approx(measured + report.seconds, rel=1e-6)
    assert found["totals"]["cpu_seconds"] == found["totals"]["seconds"]
    assert "planned beside measured" in readable(found | {"against": rows})


def test_requests_follow_what_was_measured(study, results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory: a quarter more than the largest share of what was planned that any job of the rule held (3 GiB, made up), by what is planned
    for this one; minutes: twice those of the law, at least 20."""
    against(study, results)
    known = read(results / FILE)
    with monkeypatch.context() as elsewhere:
        elsewhere.chdir(results)
        assert of_study(study.study) == {}
        (results / "results").mkdir()
        (results / "results" / study.study).symlink_to(results)
        assert of_study(study.study) == known
    jobs = [job for job in all_jobs(study) if job.rule == "unlearn"]
    least = min(cost(study, job.spec).host_bytes for job in jobs)
    assert known["unlearn"].memory == pytest.approx(3 * 2**30 / least)
    for job in jobs:
        spent, asked = cost(study, job.spec), request(study, job.spec, rate=known["unlearn"])
        assert asked["mem_mb"] == pytest.approx(1.25 * 3 * 2**10 * spent.host_bytes / least, abs=100)
        seconds = START + float(spent.flops) / FLOPS
        assert asked["runtime"] == max(20, math.ceil(2 * seconds / 60))
    shown = plan(study, known)["stages"]["unlearn"]
    assert shown["host_bytes"] == max(request(study, job.spec, rate=known["unlearn"])["mem_mb"] for job in jobs) * 2**20


def test_a_job_gets_no_less_than_was_planned_for_it(study) -> None:
    """A rate is of finished jobs: of another kind, of shorter or smaller ones perhaps."""
    planned = Cost(seconds=7200.0, flops=1e15, gpus=1, host_bytes=8 * 2**30)
    brief = Rate(start=10.0, flops=0.0, memory=0.5)
    asked = request_for(planned, rate=brief)
    assert asked["runtime"] == request_for(planned)["runtime"] == 240
    assert asked["mem_mb"] == pytest.approx(1.25 * 8 * 2**10, abs=100)
    # Of several processes a manifest knows the first alone.
    several = replace(planned, gpus=2)
    assert request_for(several, rate=brief)["mem_mb"] == request_for(several)["mem_mb"]


def test_against_replaces_a_file_that_cannot_be_read(study, results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (results / "results").mkdir()
    (results / "results" / study.study).symlink_to(results)
    (results / FILE).write_text("{")
    shutil.copytree("config", results / "config")
    monkeypatch.chdir(results)
    told = argparse.Namespace(
        configfile=Path("config/demo.yaml"), rates=None, against=Path("results", study.study), json=True, cluster=False
    )
    run(told)
    assert read(results / FILE)["unlearn"].start == pytest.approx(START, rel=1e-6)


def test_jobs_without_a_server_to_start_them_import_by_themselves(study) -> None:
    """Those that load a model on a CPU; a GPU's start is one such anyway."""
    beside, alone = (plan(study, {}, cluster)["stages"] for cluster in (False, True))
    for rule, row in alone.items():
        loads = rule in (
            "finetune_base",
            "finetune_target",
            "finetune_retain",
            "unlearn",
            "cache_frozen_states",
            "evaluate",
        )
        more = row["jobs"] * ALONE if loads else 0.0
        assert row["seconds"] - beside[rule]["seconds"] == pytest.approx(more), rule
    paper = read_study(read_yaml("config/paper.yaml", "config"))
    assert plan(paper, {}, True)["totals"]["gpu_hours"] == plan(paper, {})["totals"]["gpu_hours"]


def test_what_one_of_several_processes_held_tells_no_memory(study) -> None:
    job = next(job for job in all_jobs(study) if job.rule == "unlearn")
    measured = {"seconds": 1.0, "peak_memory_bytes": 2**30, "processes": 2}
    assert learnt([Taken(job.rule, cost(study, job.spec), measured)])["unlearn"].memory == 0.0


def test_a_job_on_several_gpus_shares_its_work(study) -> None:
    spent = next(cost(study, job.spec) for job in all_jobs(study) if job.rule == "unlearn")
    double = type(spent)(**{**vars(spent), "gpus": 2})
    assert at(Rate(5.0, 1e9), double).seconds == pytest.approx(5.0 + float(spent.flops) / 2e9)
    assert at(None, spent) == spent


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"unlearn": {"start": 1}}',
        '{"unlearn": 3}',
        '{"unlearn": {"start": NaN, "flops": 1}}',
        '{"unlearn": {"start": -1, "flops": 1}}',
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "rates.json").write_text(content)
    with pytest.raises(BadInput, match=r"rates: .*rates\.json: expected what `grunflow plan --against` writes"):
        read(tmp_path / "rates.json")


def test_one_of_before_memory_was_learnt_is_read(tmp_path: Path) -> None:
    (tmp_path / "rates.json").write_text('{"unlearn": {"start": 1, "flops": 2}}')
    assert read(tmp_path / "rates.json") == {"unlearn": Rate(1.0, 2.0, 0.0)}


def test_results_without_a_finished_job_are_refused(study, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="holds no finished job of demo"):
        against(study, tmp_path)
