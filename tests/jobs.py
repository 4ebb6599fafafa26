"""Real processes of the command line on a tiny world: started, cut short, compared."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.forked import Forked

GRUNFLOW = str(Path(sys.executable).parent / "grunflow")
STEPS = 60
TRAINING = {"learning_rate": 2e-3, "steps": STEPS, "batch_size": 8}
MODEL = {
    "name": "mini", "architecture": {"hidden_size": 32, "layers": 2, "heads": 2}, "replayed": 5,
    "base": TRAINING, "target": {**TRAINING, "accumulation": 2, "weight_decay": 0.01},
}  # fmt: skip
CARRIERS = {
    "full": {"name": "full", "kind": "full"},
    "lora": {"name": "lora", "kind": "lora", "rank": 2, "alpha": 4, "dropout": 0.1},
    "grun": {"name": "grun", "kind": "grun", "rank": 2, "layers": [0, 1], "gate": "mlp_3", "gate_weight": 1},
}
OBJECTIVES = {
    "gd": {"name": "gd", "kind": "gd"},
    "idk": {"name": "idk", "kind": "idk"},
    "npo": {"name": "npo", "kind": "npo", "beta": 0.1},
    "dpo": {"name": "dpo", "kind": "dpo", "beta": 0.1},
    "kl": {"name": "kl", "kind": "kl", "retain": "kl"},
    "rmu": {"name": "rmu", "kind": "rmu", "retain": "match", "layer": 1, "steering": 5, "rmu_positions": "tokens"},
}
SIZES = {"authors": 10, "background_authors": 1, "holdout_authors": 1, "facts": 8}
WORLD = {"benchmark": {"name": "tofu", "kind": "tofu", "keys": {"world": SIZES}}, "vocabulary": 300}
CRAFT = {
    "benchmark": {
        "name": "wmdp", "kind": "wmdp",
        "keys": {"sources": {"craft": {"things": 8}}, "tasks": {"forget": ["forget_domain"], "keep": ["retain_domain"]}},
    },
    "vocabulary": 400,
}  # fmt: skip
KNOWN = ["sets/full.jsonl", "general.jsonl"]
RETAINED = ["sets/retain90.jsonl", "general.jsonl"]
QUESTIONS = {
    "kind": "paired", "forget": "sets/forget10.jsonl", "retain": "sets/retain90.jsonl", "refusals": "refusals.json",
}  # fmt: skip
CORPORA = {"kind": "turns", "forget": {"forget_domain": "corpora/forget/forget_domain.jsonl"},
           "retain": "corpora/retain.jsonl"}  # fmt: skip


def asked(name: str, role: str, file: str, rows: int | None = None) -> dict:
    """A set of questions, as specs hold it."""
    return {"name": name, "role": role, "file": f"sets/{file}.jsonl", "rows": rows}


SNAPSHOT = {
    "kind": "answers", "options": {"others": False},
    "sets": [asked("forget", "forget", "forget10", 4), asked("retain", "keep", "retain90_unreported", 4)],
}  # fmt: skip


class Job:
    """One command of a stage in `folder`; a process on start()."""

    def __init__(self, folder: Path, stage: str, spec: dict, **inputs: str) -> None:
        self.folder, self.command = folder, [GRUNFLOW, stage, "--spec", json.dumps(spec)]
        for name, path in inputs.items():
            self.command += ["--input", f"{name}={path}"]

    def start(self, out: str, *more: str) -> subprocess.Popen | Forked:
        command = [*self.command, "--out", out, "--log", f"{out}.log", *more]
        if "--processes" not in more:  # those are started anew by torchrun's launcher
            return Forked(command, self.folder, self.folder / f"{out}.errors")
        return subprocess.Popen(command, cwd=self.folder, stderr=subprocess.PIPE, text=True)

    def run(self, out: str, *more: str, status: int = 0) -> str:
        """The log of a run that ends with `status`."""
        process = self.start(out, *more)
        _, errors = process.communicate(timeout=120)
        assert process.returncode == status, errors
        return (self.folder / f"{out}.log").read_text()


def finetune(role: str, benchmark: str = "tofu", files: list[str] | None = None, **more: object) -> dict:
    spec = {"benchmark": benchmark, "model": MODEL, "role": role, "files": files or ["base.jsonl"], "seed": 0}
    return spec | ({} if role == "base" else {"replay": "replay.jsonl"}) | more


def unlearn(objective: str, carrier: str) -> dict:
    return {
        "benchmark": "tofu", "model": MODEL, "split": "forget10", "stream": QUESTIONS, "objective": OBJECTIVES[objective],
        "carrier": CARRIERS[carrier], "training": TRAINING, "snapshots": {"count": 3, "probe": SNAPSHOT},
        "max_new_tokens": 4, "engine": "fast", "target_seed": 0, "unlearn_seed": 1,
    }  # fmt: skip


def wait_for(found: Callable[[], bool], process: subprocess.Popen | Forked) -> None:
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
    corpora = {
        "benchmark": "wmdp", "model": MODEL, "stream": CORPORA, "objective": OBJECTIVES["rmu"], "carrier": CARRIERS["lora"],
        "training": TRAINING, "unlearn_seed": 1,
    }  # fmt: skip
    retain = finetune("retain", files=RETAINED, split="forget10", seed=1)
    return {
        "finetune": Job(world, "finetune", retain, data="data", start="base"),
        "full": Job(world, "unlearn", unlearn("gd", "full"), data="data", start="target"),
        "lora": Job(world, "unlearn", unlearn("npo", "lora"), data="data", start="target"),
        "grun": Job(world, "unlearn", unlearn("idk", "grun"), data="data", start="target"),
        "corpora": Job(world, "unlearn", corpora, data="corpora", start="crafty"),
    }


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "manifest.json"
    }
