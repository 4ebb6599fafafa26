"""A real training process is ended by a signal, or killed, and started again: the same bytes as an uninterrupted one."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
GRUNFLOW = str(Path(sys.executable).parent / "grunflow")
STEPS = 60
TRAINING = {"learning_rate": 2e-3, "steps": STEPS, "batch_size": 8}
MODEL = {
    "name": "mini", "architecture": {"hidden_size": 32, "layers": 2, "heads": 2}, "replayed": 5,
    "base": TRAINING, "target": {**TRAINING, "accumulation": 2, "weight_decay": 0.01},
}  # fmt: skip
CARRIERS = {
    "full": {"name": "full"},
    "lora": {"name": "lora", "rank": 2, "alpha": 4, "dropout": 0.1},
    "grun": {"name": "grun", "rank": 2, "layers": [0, 1], "gate": "mlp_3", "gate_weight": 1},
}


class Job:
    """One command of a stage in `folder`; Popen on start()."""

    def __init__(self, folder: Path, stage: str, spec: dict, **inputs: str) -> None:
        self.folder, self.command = folder, [GRUNFLOW, stage, "--spec", json.dumps(spec)]
        for name, path in inputs.items():
            self.command += ["--input", f"{name}={path}"]

    def start(self, out: str, *more: str) -> subprocess.Popen:
        command = [*self.command, "--out", out, "--log", f"{out}.log", *more]
        return subprocess.Popen(command, cwd=self.folder, stderr=subprocess.PIPE, text=True)

    def run(self, out: str, *more: str, status: int = 0) -> str:
        """The log of a run that ends with `status`."""
        process = self.start(out, *more)
        _, errors = process.communicate(timeout=120)
        assert process.returncode == status, errors
        return (self.folder / f"{out}.log").read_text()


def unlearn(objective: str, carrier: str) -> dict:
    return {
        "model": "mini", "forget_split": "forget10", "objective": {"name": objective}, "carrier": CARRIERS[carrier],
        "training": TRAINING, "snapshots": {"count": 3, "questions": 4}, "max_new_tokens": 4, "engine": "fast",
        "target_seed": 0, "unlearn_seed": 1,
    }  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a generated world, the tiny base model and its target model, made by the command line."""
    folder = tmp_path_factory.mktemp("world")
    spec = {"world": {"authors": 10, "background_authors": 1, "holdout_authors": 1, "facts": 8}, "vocabulary": 300}
    Job(folder, "prepare_data", spec).run("data")
    Job(folder, "finetune", {"model": MODEL, "role": "base", "seed": 0}, data="data").run("base")
    target = {"model": MODEL, "role": "target", "seed": 0}
    Job(folder, "finetune", target, data="data", base="base").run("target")
    spec = {"sources": {"craft": {"things": 8}}, "tasks": ["forget_domain"], "vocabulary": 400}
    Job(folder, "prepare_corpora", spec).run("corpora")
    Job(folder, "finetune", {"model": MODEL, "role": "base", "seed": 0}, data="corpora").run("crafty")
    return folder


def jobs(world: Path) -> dict[str, Job]:
    wmdp = {
        "model": MODEL, "objective": {"name": "rmu", "layer": 1, "steering": 5}, "carrier": CARRIERS["lora"],
        "training": TRAINING, "texts": {}, "unlearn_seed": 1,
    }  # fmt: skip
    return {
        "finetune": Job(world, "finetune", {"model": MODEL, "role": "retain", "forget_split": "forget10", "seed": 1},
                        data="data", base="base"),
        "full": Job(world, "unlearn", unlearn("gd", "full"), data="data", target="target"),
        "lora": Job(world, "unlearn", unlearn("npo", "lora"), data="data", target="target"),
        "grun": Job(world, "unlearn", unlearn("idk", "grun"), data="data", target="target"),
        "wmdp": Job(world, "unlearn_wmdp", wmdp, data="corpora", base="crafty"),
    }  # fmt: skip


def wait_for(found: Callable[[], bool], process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 60
    while not found():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.01)


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "manifest.json"
    }


def same_result(world: Path, plain: str, resumed: str, steps: list[int]) -> None:
    assert files(world / plain) == files(world / resumed)
    first, second = (json.loads((world / name / "manifest.json").read_text())["measured"] for name in (plain, resumed))
    for key in ("losses", "tokens", "steps", "accumulation", "trained_parameters"):
        assert first[key] == second[key], key
    assert "resumed_at_steps" not in first
    assert second["resumed_at_steps"] == steps
    assert not list((world / ".resume").iterdir())


def newest(folder: Path) -> int:
    """Step of the newest checkpoint under `folder`."""
    return max((int(path.name.removeprefix("step-")) for path in folder.rglob("step-*")), default=0)


def cut(job: Job, out: str, least: int, number: int) -> tuple[int, str, int]:
    """Status, errors and newest checkpoint of a run that gets the signal (twice) once `least` steps are saved."""
    resume = job.folder / ".resume"
    process = job.start(out, "--checkpoint-seconds", "0")
    wait_for(lambda: newest(resume) >= least, process)
    process.send_signal(number)
    process.send_signal(number)  # a second one must not hurt
    _, errors = process.communicate(timeout=60)
    return process.returncode, errors, newest(resume)


@pytest.mark.parametrize(
    ("kind", "number"),
    [("finetune", signal.SIGTERM), ("full", signal.SIGURG), ("lora", signal.SIGTERM), ("grun", signal.SIGURG),
     ("wmdp", signal.SIGTERM)],
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
    cut(Job(world, "unlearn", spec, data="data", target="target"), "other", 3, signal.SIGKILL)
    (old,) = (world / ".resume").iterdir()
    job = Job(world, "unlearn", {**spec, "unlearn_seed": 2}, data="data", target="target")
    log = job.run("other")
    assert f"resume state in .resume/{old.name} ignored: its spec differs" in log
    assert "resumed after" not in log
    assert newest(old) >= 3
    # Put where the new job would look, it is refused as well.
    cut(job, "other", 6, signal.SIGKILL)
    (own,) = (path for path in (world / ".resume").iterdir() if path != old)
    (own / "job.json").write_bytes((old / "job.json").read_bytes())
    log = job.run("other")
    assert f"resume state in .resume/{own.name} is another job's: removed" in log
    assert "resumed after" not in log
