"""The small study that faults are put into: every job of it, run once undisturbed by its stage's own command."""

import os
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import yaml

from grunflow.config.jobs import Job, all_jobs
from grunflow.config.reading import read_study
from grunflow.manifest import MANIFEST, NOT_OURS
from tests.faults import forks
from tests.workflow import small_study

STEPS = 30  # of every training: so many chances to be cut short
# One, of one run (and of the retain model), asked on its way as well.
ATTACKS = {"relearn": {"rows": 4, "carrier": "full", "steps": [0, 10, STEPS], "where": {"objective": ["gd"]},
                       "training": {"learning_rate": 1e-3, "batch_size": 4}}}  # fmt: skip
OUTCOMES = ("survived", "lost", "wrong")


class Failed(Exception):
    """How a try ended that did not survive. kind: lost (work or a result is gone, or needs a hand) or wrong (in silence)."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(kind, text)  # both, so that it can go from one process to another
        self.kind, self.text = kind, text

    def __str__(self) -> str:
        return self.text


@dataclass
class World:
    """folder: the study's. seconds: how long each job took. left: where outputs of tries lie, one number each."""

    folder: Path
    jobs: list[Job]
    seconds: dict[str, float] = field(default_factory=dict)
    number: int = 0

    def job(self, rule: str, rng: Random | None = None) -> Job:
        found = [job for job in self.jobs if job.rule == rule]
        return rng.choice(found) if rng else found[0]

    def fresh(self, job: Job, name: str = "") -> Path:
        """An output folder that no try has used; relative to the study's folder, as Snakemake gives it."""
        self.number += 1
        return Path("tries", str(self.number), name or job.stage)

    def log(self) -> Path:
        return self.folder / "tries" / f"{self.number}.log"

    def start(self, job: Job, out: Path, *more: str, before=forks.nothing) -> int:
        (self.folder / "tries").mkdir(exist_ok=True)
        return forks.start(self.folder, [*command(job, out), *more], self.log(), before)

    def run(self, job: Job, out: Path, *more: str, before=forks.nothing) -> int:
        status = forks.wait(self.start(job, out, *more, before=before))
        assert status is not None, "waited without end"
        return status

    def last_line(self) -> str:
        lines = self.log().read_text(errors="replace").strip().splitlines()
        return lines[-1][-300:] if lines else ""

    def finish(self, job: Job, out: Path, *more: str, before=forks.nothing) -> None:
        """Run the job to its end, and hold what it wrote against the undisturbed run."""
        status = self.run(job, out, *more, before=before)
        if status:
            raise Failed("lost", f"{job.folder}: status {status}: {self.last_line()}")
        self.compare(job, out)
        place = self.folder / out
        left = [path.name for path in place.parent.iterdir() if path.name.startswith(f".{place.name}.draft-")]
        if left:
            raise Failed("lost", f"{job.folder}: drafts stay: {', '.join(left)}")

    def compare(self, job: Job, out: Path) -> None:
        if contents(self.folder / out) != contents(self.folder / job.folder):
            raise Failed("wrong", f"{job.folder}: other bytes than the undisturbed run's")

    def check_whole(self, job: Job, out: Path) -> None:
        """After a fault an output is whole or absent."""
        if (self.folder / out / MANIFEST).exists():
            self.compare(job, out)

    def clean(self) -> None:
        shutil.rmtree(self.folder / "tries", ignore_errors=True)
        shutil.rmtree(self.folder / ".resume", ignore_errors=True)


def command(job: Job, out: Path) -> list[str]:
    """The arguments of the stage's command, as the rule gives them."""
    inputs = [f"--input={name}={folder}" for name, folders in job.inputs.items() for folder in folders]
    files = [f"--file={file}" for file in (*job.files, *job.methods)]
    return [job.stage, "--spec", job.spec.model_dump_json(), "--code", job.code, *inputs, *files, f"--out={out}"]


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of an output, without the manifest, which says when and how long."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in NOT_OURS
    }


def study_in(folder: Path, objectives: list[str], corpora: bool = True) -> Path:
    """The small study of tests/workflow; without its corpora for what is run through Snakemake."""
    small_study.make(folder)
    folder.chmod(0o755)
    grid = small_study.grid("mini")[: 2 if corpora else 1]
    grid[0]["objectives"] = objectives
    shutil.copy(small_study.ROOT / "config" / "claims.yaml", folder)
    small_study.set_keys(folder / "study.yaml", {"grid": grid, "claims": "claims.yaml"})
    return folder


def build(folder: Path) -> World:
    """Run every job once."""
    study_in(folder, ["gd", "mine"])
    trained = {f"{name}__{role}__steps": STEPS for name in ("mini", "crafty") for role in ("base", "target")}
    small_study.set_keys(folder / "config" / "models.yaml", trained)
    small_study.set_keys(folder / "study.yaml", {"training__grun__steps": STEPS, "attacks": ATTACKS})
    here = Path.cwd()
    os.chdir(folder)
    try:
        jobs = all_jobs(read_study(yaml.safe_load(Path("study.yaml").read_text())))
        world = World(folder, jobs)
        for job in jobs:
            started = time.monotonic()
            status = world.run(job, Path(job.folder))
            assert status == 0, f"{job.folder}: {world.log().read_text()}"
            world.seconds[job.folder] = time.monotonic() - started
        [str(job.code) for job in jobs]
    finally:
        os.chdir(here)
    return world
