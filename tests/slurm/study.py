"""A study of few and small jobs, one of them long enough to be hit in its middle; and Snakemake on it, here or by SLURM."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
TABLE = "results/small/tables/tofu_main.csv"
RUN = "results/small/tofu/runs/mini/forget10/gd_grun_t0_u0"
SCORES = "tofu/scores/mini/forget10/gd_grun_t0_u0/plain"
STEPS = 1500
PATIENCE = 240  # seconds: a busy machine is no failure


def write(folder: Path, **more: str) -> None:
    """The study's config; `more`: further keys."""
    training = {"learning_rate": 1e-3, "steps": 3, "batch_size": 4}
    sheet = {"mini": {"architecture": {"hidden_size": 16, "layers": 2, "heads": 2}, "base": training,
                      "target": training, "replayed": 5}}  # fmt: skip
    config = {
        "study": "small", "title": "Small", "models_sheet": "models.yaml", "max_new_tokens": 2, "vocabulary": 300,
        "benchmarks": {"tofu": {"world": {"authors": 10, "background_authors": 1, "holdout_authors": 1, "facts": 8}}},
        "seeds": [{"target_seed": 0, "unlearn_seed": 0}],
        "grid": [{"benchmark": "tofu", "model": "mini", "objectives": ["gd"], "carriers": ["grun"]}],
        "objectives": {"gd": {}},
        "carriers": {"grun": {"rank": 2, "layers": [0, 1], "gate": "linear", "gate_weight": 1}},
        "training": {"grun": {**training, "steps": STEPS}},
        "snapshots": {"count": 1, "questions": 2}, **more,
    }  # fmt: skip
    for name, content in (("models.yaml", sheet), ("study.yaml", config)):
        (folder / name).write_text(yaml.safe_dump(json.loads(json.dumps(content)), sort_keys=False))


def command(program: str | Path, profile: Path, *arguments: str) -> list[str]:
    return [str(program), "--snakefile", str(ROOT / "workflow/Snakefile"), "--workflow-profile", str(profile),
            "--configfile", "study.yaml", *arguments]  # fmt: skip


def local_command() -> list[str]:
    return command(BIN / "snakemake", ROOT / "workflow/profiles/default", "--cores", "2")


# What a cluster without accounting and a test in a hurry need beside the profile.
HURRY = ("--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "1",
         "--max-status-checks-per-second", "10", "--latency-wait", "5", "--slurm-no-account")  # fmt: skip


class Run:
    """Snakemake by SLURM in a folder, in the background; its output in a file."""

    def __init__(self, folder: Path, environment: dict[str, str], profile: Path, *arguments: str) -> None:
        self.log = folder / f"snakemake-{time.monotonic_ns()}.log"
        # A session of its own: a signal to it reaches nothing else, as on a login node.
        with self.log.open("w") as handle:
            self.process = subprocess.Popen(
                command(ROOT / "tests/slurm/smk", profile, *HURRY, *arguments), cwd=folder, env=environment, stdout=handle, stderr=handle,
                start_new_session=True,
            )  # fmt: skip

    @property
    def text(self) -> str:
        return self.log.read_text()

    def succeeds(self) -> str:
        assert self.process.wait(2 * PATIENCE) == 0, self.text
        return self.text

    def fails(self) -> str:
        assert self.process.wait(2 * PATIENCE) != 0, self.text
        return self.text


def until(what: str, found: Callable[[], Any], run: Run | None = None, patience: float = PATIENCE) -> Any:
    """The first true value of `found`, polled; fails with `what` when patience or the run ends before."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        value = found()
        if value:
            return value
        assert run is None or run.process.poll() is None, f"{what}: snakemake ended before\n{run.text}"
        time.sleep(0.2)
    raise AssertionError(f"{what}: not within {patience:.0f} s\n{run.text if run else ''}")


def heartbeat(folder: Path) -> dict[str, Any] | None:
    """Of the unlearning job."""
    for path in folder.glob(".resume/*/heartbeat.json"):
        beat = json.loads(path.read_text())
        if beat["stage"] == "unlearn":
            return beat
    return None


def in_mid_training(folder: Path) -> dict[str, Any] | None:
    beat = heartbeat(folder)
    return beat if beat and STEPS * 0.1 < beat["step"] < STEPS * 0.8 else None


def environment(**more: str) -> dict[str, str]:
    path = f"{BIN}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", **more}
