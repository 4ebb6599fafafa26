"""The screen of a study in which one job is done, one runs and one has stopped."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from grunflow.commands.status import STALE_SECONDS, heartbeats, left_line, screen, state
from grunflow.config.job import Job
from grunflow.config.jobs import all_jobs
from grunflow.config.reading import read_study
from grunflow.config.study import Resolved
from grunflow.config.typed import read_yaml

ROOT = Path(__file__).parents[2]


def jobs_of(study: Resolved, rule: str) -> list[Job]:
    return [job for job in all_jobs(study) if job.rule == rule]


def test_done_running_and_stopped_jobs_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    # One seed, and no published numbers, whose files lie in ROOT.
    config = read_yaml("config/demo.yaml", "config")
    study = read_study({**config, "published": [], "seeds": config["seeds"][:1]})
    monkeypatch.chdir(tmp_path)
    jobs = {job.rule: job for job in reversed(all_jobs(study))}
    data, unlearn = jobs["prepare"], jobs["unlearn"]
    spec = data.spec.model_dump_json()
    grunflow = str(Path(sys.executable).parent / "grunflow")
    subprocess.run([grunflow, "prepare", "--spec", spec, "--out", data.folder], check=True, capture_output=True)
    log = tmp_path / jobs["evaluate"].log
    log.parent.mkdir(parents=True)
    log.write_text("before\n2026-01-01 grunflow evaluate: no space left\n")
    beat = {"stage": "unlearn", "out": unlearn.folder, "label": "gd full seed 0", "step": 30, "first": 10, "total": 80,
            "started": 1000.0, "updated": 1060.0, "host": "node7", "pid": 1, "slurm_job_id": "42"}  # fmt: skip
    (tmp_path / ".resume" / "x").mkdir(parents=True)
    (tmp_path / ".resume" / "x" / "heartbeat.json").write_text(json.dumps(beat))
    told = json.loads(json.dumps(state(study, "grunflow", 1061.0)))  # as --json prints it
    assert told["stages"]["unlearn"] == {"jobs": len(jobs_of(study, "unlearn")), "done": 0, "running": 1, "stopped": 0}
    assert list(told["stopped"]) == [jobs["evaluate"].folder]
    lines = screen(told, 1061.0).splitlines()
    counts = {line.split()[0]: line.split()[1:] for line in lines[2 : 2 + len(jobs)]}
    assert counts["prepare"] == ["2", "1", "0", "0"]
    assert counts["unlearn"][1:] == ["0", "1", "0"]
    assert counts["evaluate"][1:] == ["0", "0", "1"]
    # 20 steps took 60 s, 50 are left.
    (running,) = (line for line in lines if line.startswith("running"))
    assert "(SLURM 42 on node7): gd full seed 0, step 30 of 80, 2 min left" in running
    (stopped,) = (line for line in lines if line.startswith("stopped"))
    assert stopped.endswith("grunflow evaluate: no space left")
    assert jobs["evaluate"].folder in stopped
    assert lines[-1].startswith("GPU-hours: 0.0 used")
    assert told["again"] == []
    other = study.model_copy(update={"vocabulary": 999})
    (data_log := tmp_path / data.log).parent.mkdir(parents=True, exist_ok=True)
    data_log.write_text("2026-01-01 prepare: done\n")
    stale = state(other, "grunflow", 1061.0)
    assert (stale["again"], list(stale["stopped"])) == ([data.folder], [jobs["evaluate"].folder])
    assert (
        "to be made again: 1, finished with another config, code or input (`grunflow why`)"
        in screen(stale, 1061.0).splitlines()
    )
    late = 1061.0 + STALE_SECONDS
    assert "step 30" not in screen(state(study, "grunflow", late), late)
    assert list(heartbeats(late, {"42"})) == [unlearn.folder]
    assert heartbeats(1061.0, set()) == {}, "SLURM knows that it has ended"
    crashed = beat | {"slurm_job_id": None, "host": socket.gethostname(), "pid": 2**30}
    (tmp_path / ".resume" / "x" / "heartbeat.json").write_text(json.dumps(crashed))
    assert heartbeats(1061.0, None) == {}, "its process is gone"
    (tmp_path / ".resume" / "x" / "heartbeat.json").write_text("{")
    assert heartbeats(1061.0, None) == {}
    left_out = study.model_copy(update={"absent": {"tofu/runs/tiny/forget10/gd_full_t0_u0": "diverged"}})
    assert (
        "left out tofu/runs/tiny/forget10/gd_full_t0_u0: diverged"
        in screen(state(left_out, "grunflow", late), late).splitlines()
    )


def test_what_is_left_follows_from_what_jobs_of_each_rule_have_taken(tmp_path: Path) -> None:
    taken = {"a1": 60.0, "a2": 180.0, "b1": 30.0}
    rules = {str(tmp_path / name): name[0] for name in ("a1", "a2", "a3", "a4", "b1", "b2", "c1")}
    for name, seconds in taken.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").write_text(json.dumps({"measured": {"seconds": seconds}}))
    done = {str(tmp_path / name) for name in taken}
    # Two of a at 120 s and one of b at 30 s, two at a time: 135 s.
    assert left_line(rules, done, 2) == "left: 4 jobs, about 2 min and c, of which none is done yet"
    assert left_line(rules, set(), 2) == ""
    assert left_line(rules, set(rules), 1) == ""
