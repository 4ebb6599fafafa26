"""A real training process is ended by a signal, or killed, and started again: the same bytes as an uninterrupted one."""

import json
import signal
from pathlib import Path

import pytest

from tests.jobs import STEPS, Job, cut, files, jobs, newest, unlearn

pytestmark = pytest.mark.slow


def same_result(world: Path, plain: str, resumed: str, steps: list[int]) -> None:
    assert files(world / plain) == files(world / resumed)
    first, second = (json.loads((world / name / "manifest.json").read_text())["measured"] for name in (plain, resumed))
    for key in ("losses", "tokens", "steps", "accumulation", "trained_parameters"):
        assert first[key] == second[key], key
    assert "resumed_at_steps" not in first
    assert second["resumed_at_steps"] == steps
    assert not list((world / ".resume").iterdir())


@pytest.mark.parametrize(
    ("kind", "number"),
    [("finetune", signal.SIGTERM), ("full", signal.SIGURG), ("lora", signal.SIGTERM), ("grun", signal.SIGURG),
     ("corpora", signal.SIGTERM)],
)  # fmt: skip
def test_killed_then_ended_by_a_signal_it_ends_with_the_bytes_of_an_uninterrupted_run(
    world: Path, kind: str, number: int
) -> None:
    job, out = jobs(world)[kind], f"{kind}_cut"
    job.run(f"{kind}_plain")
    status, _, killed = cut(job, out, 10, signal.SIGKILL)
    assert status == -signal.SIGKILL
    (heartbeat,) = (world / ".resume").glob("*/heartbeat.json")
    beat = json.loads(heartbeat.read_text())
    assert (beat["stage"], beat["out"], beat["total"]) == (job.command[1], out, STEPS)
    status, errors, ended = cut(job, out, 30, number)
    assert status == 75, errors
    assert f"checkpoint written after step {ended} of {STEPS}; run the same command again to go on" in errors
    assert "Traceback" not in errors
    assert f"resumed after step {killed} from" in (world / f"{out}.log").read_text()
    assert not (world / out).exists()
    assert len(list((world / ".resume").glob("*/step-*"))) == 1
    assert f"resumed after step {ended} from" in job.run(out)
    same_result(world, f"{kind}_plain", out, [killed, ended])


def test_resume_state_of_another_spec_is_ignored_aloud(world: Path) -> None:
    spec = unlearn("gd", "grun")
    cut(Job(world, "unlearn", spec, data="data", start="target"), "other", 3, signal.SIGKILL)
    (old,) = (world / ".resume").iterdir()
    job = Job(world, "unlearn", {**spec, "unlearn_seed": 2}, data="data", start="target")
    log = job.run("other")
    assert f"resume state in .resume/{old.name} ignored: made with another spec;" in log
    assert "resumed after" not in log
    assert newest(old) >= 3
    # Put where the new job would look, it is refused as well.
    cut(job, "other", 6, signal.SIGKILL)
    (own,) = (path for path in (world / ".resume").iterdir() if path != old)
    (own / "job.json").write_bytes((old / "job.json").read_bytes())
    log = job.run("other")
    assert f"resume state in .resume/{own.name} is another job's: removed" in log
    assert "resumed after" not in log
