"""Real processes of the command line on a tiny world: started, cut short, compared."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

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


def wait_for(found: Callable[[], bool], process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 120
    while not found():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.01)


def newest(folder: Path) -> int:
    """Step of the newest checkpoint under `folder`; 0 while one is being replaced."""
    try:
        return max((int(path.name.removeprefix("step-")) for path in folder.rglob("step-*")), default=0)
    except FileNotFoundError:  # the walk met a folder that the running job removed meanwhile
        return 0


def cut(job: Job, out: str, least: int, number: int, *more: str) -> tuple[int, str, int]:
    """Status, errors and newest checkpoint of a run that gets the signal (twice) once `least` steps are saved."""
    resume = job.folder / ".resume"
    process = job.start(out, "--checkpoint-seconds", "0", *more)
    wait_for(lambda: newest(resume) >= least, process)
    process.send_signal(number)
    process.send_signal(number)  # a second one must not hurt
    _, errors = process.communicate(timeout=120)
    return process.returncode, errors, newest(resume)


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


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "manifest.json"
    }
