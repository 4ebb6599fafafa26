"""`--logger grunflow`: what a person reads while a study runs."""

import logging
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from snakemake.logging import DefaultFormatter

from snakemake_logger_plugin_grunflow import LogHandler, Started, counted, finished_line
from snakemake_logger_plugin_grunflow.ahead import Ahead, in_words

RULES = """
rule all:
    input: "results/x/b/out.txt"
rule a:
    output: "results/x/a/out.txt"
    shell: "echo > {output}"
rule b:
    input: "results/x/a/out.txt"
    output: "results/x/b/out.txt"
    log: "b.log"
    shell: "echo broken > {log}; cp {input} {output}; test ! -e fail"
"""


def record(text: str = "", level: int = logging.INFO, **told: Any) -> logging.LogRecord:
    found = logging.LogRecord("snakemake", level, "", 0, text, None, None)
    vars(found).update(told)
    return found


def handler(dryrun: bool = False) -> LogHandler:
    found = LogHandler(SimpleNamespace(dryrun=dryrun, stdout=False), None)  # type: ignore[arg-type]
    found.setFormatter(DefaultFormatter())
    return found


def started(number: int, at: float) -> logging.LogRecord:
    told = {"jobid": number, "rule_name": "evaluate", "output": [f"results/demo/tofu/scores/{number}"]}
    return record(event="job_info", created=at, **told)


def test_a_job_has_one_line_when_it_has_finished() -> None:
    """The rule `all` is no job; times are those of the records, however late they come."""
    says = handler()
    assert says.lines(record("Select jobs to execute...")) == []
    assert says.lines(record("Removing temporary output results/x.")) == []
    assert says.lines(record(event="workflow_started", configfiles=[])) == []
    stats = {"all": 1, "prepare": 1, "evaluate": 2, "total": 4}
    assert says.lines(record(event="run_info", stats=stats, created=100.0)) == ["3 jobs: 2 evaluate, 1 prepare"]
    assert says.lines(started(7, 101.0)) == says.lines(started(8, 102.0)) == []
    for number in (7, 8):
        assert says.lines(record(f"Finished jobid: {number}", event="job_finished", job_id=number)) == []
    first, second = says.lines(record(event="progress", done=2, total=4, created=110.0))
    assert first == "1 of 3  evaluate     tofu/scores/7  9 s"
    assert second == "2 of 3  evaluate     tofu/scores/8  8 s, about 10 s left"
    says.lines(record(event="job_finished", job_id=9))
    assert says.lines(record(event="progress", done=3, total=4, created=111.0)) == ["3 of 3"], (
        "a job that was not announced"
    )
    says.lines(record(event="job_finished", job_id=0))
    assert says.lines(record(event="progress", done=4, total=4, created=111.0)) == []


def test_a_study_that_cannot_be_read_meanwhile_costs_no_line(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text("study: [\n")
    says = handler()
    says.lines(record(event="workflow_started", configfiles=[tmp_path / "study.yaml"]))
    says.lines(record(event="run_info", stats={"all": 1, "evaluate": 3, "total": 4}, created=100.0))
    for number in (1, 2):
        says.lines(started(number, 100.0))
        says.lines(record(event="job_finished", job_id=number))
        (line,) = says.lines(record(event="progress", done=number, total=4, created=100.0 + 100 * number))
        assert line.startswith(f"{number} of 3  evaluate     tofu/scores/{number}  {100 * number} s, about ")


def test_warnings_errors_and_a_dry_run_are_told_in_snakemakes_words() -> None:
    says = handler()
    assert says.lines(record("a fault", logging.WARNING)) == ["a fault"]
    assert says.lines(record("Nothing to be done.")) == ["Nothing to be done."]
    assert says.lines(record("echo", event="shellcmd", cmd="echo")) == ["echo"], "let through by -p alone"
    assert handler(dryrun=True).lines(record("Building DAG of jobs...")) == ["Building DAG of jobs..."]


def test_the_time_left_follows_the_plan_of_what_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planned: 10, 30 and 60 s. The first took 20, so that the others take 180; a fourth runs again although its result lies there."""
    monkeypatch.chdir(tmp_path)
    for name in ("a", "d"):
        Path(name).mkdir()
        Path(name, "manifest.json").touch()
    plan = {"a": 10.0, "b": 30.0, "c": 60.0, "d": 9.0}
    monkeypatch.setattr("snakemake_logger_plugin_grunflow.ahead.planned", lambda configs: plan)
    ahead = Ahead(["study.yaml"], 0.0)
    ahead.finished("a")
    assert ahead.left(1, 3, 20.0) == "about 3 min"
    ahead.finished("b/x.csv")
    assert ahead.left(2, 3, 80.0) == "about 2 min"
    assert ahead.left(3, 3, 99.0) == ""
    again = Ahead(["study.yaml"], 0.0)
    again.finished("a")
    assert again.left(1, 4, 20.0) == "about 4 min"


def test_jobs_are_counted_where_no_plan_can_be_read() -> None:
    ahead = Ahead([], 0.0)
    ahead.finished("a")
    assert ahead.left(1, 4, 200.0) == "about 10 min"


@pytest.mark.parametrize(
    ("seconds", "words"), [(3, "about 10 s"), (44, "about 40 s"), (540, "about 9 min"), (7500, "about 2 h 5 min")]
)
def test_times_are_told_roughly(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_lines_name_rule_and_place() -> None:
    known = Started("unlearn", "results/demo/tofu/runs/x", 100.0)
    assert finished_line(12, 149, known, 111.4, "about 9 min") == (
        " 12 of 149  unlearn      tofu/runs/x  11 s, about 9 min left"
    )
    assert counted({"all": 1, "total": 1}) == ""


@pytest.mark.slow
def test_snakemake_takes_the_plugin_and_shows_a_failed_jobs_log(tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text(RULES)

    def run(*more: str) -> tuple[int, list[str]]:
        command = [
            str(Path(sys.executable).parent / "snakemake"),
            "-c1",
            "--logger",
            "grunflow",
            "--show-failed-logs",
            *more,
        ]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        return done.returncode, done.stderr.splitlines()

    (tmp_path / "fail").touch()
    status, lines = run()
    assert status == 1
    assert any(line.startswith("1 of 2  a            a/out.txt") for line in lines)
    assert "broken" in lines
    (tmp_path / "fail").unlink()
    status, lines = run()
    assert status == 0
    assert [line.split("  ")[0] for line in lines if " of " in line] == ["1 of 1"]
    assert len(lines) < 7
    assert any("Nothing to be done" in line for line in run()[1])
