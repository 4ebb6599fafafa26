"""Faults of a whole workflow: Snakemake killed, two at once, edits meanwhile, its records gone, a cache that takes nothing."""

import os
import shutil
import signal
import subprocess
import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from random import Random

from grunflow.manifest import NOT_OURS
from tests.faults.disks import disk
from tests.faults.stages import damage
from tests.faults.world import Failed, contents, study_in
from tests.workflow.small_study import BIN, call, environment, set_keys, snakemake_command

EDITED = {"config": "study.yaml", "code": "src/grunflow/objectives/gd.py", "data": "tofu/full.json"}
STALE = {"config": "unlearn", "code": "unlearn", "data": "prepare"}  # the first rule that an edit concerns
METRICS = "results/small/tofu/metrics"  # as far as a run goes where nothing shown is asked
RATE = "training__grun__learning_rate"
SLOWEST = 3600.0  # seconds: a whole run that takes longer hangs, however busy the machine is


def undisturbed(folder: Path) -> tuple[Path, float]:
    """The study run by Snakemake without a fault, and the seconds that took."""
    started = time.monotonic()
    status, text = Flow(folder.parent, study_in(folder, ["gd"], corpora=False), 0.0).finish(folder)
    if status:
        raise Failed("lost", f"the undisturbed run: {last(text)}")
    return folder, time.monotonic() - started


@dataclass
class Flow:
    """The small study's first part, run by Snakemake in folders of its own; `whole` was run undisturbed, in so many seconds."""

    folder: Path
    whole: Path
    seconds: float
    number: int = 0

    def fresh(self) -> Path:
        self.number += 1
        return study_in(self.folder / f"study {self.number}", ["gd"], corpora=False)

    def copied(self) -> Path:
        """The finished study, times kept."""
        self.number += 1
        return Path(shutil.copytree(self.whole, self.folder / str(self.number), symlinks=True))

    def start(self, folder: Path, *arguments: str, **more: str) -> subprocess.Popen:
        with (folder / "snakemake.txt").open("w") as log:
            return subprocess.Popen(
                list(map(str, snakemake_command(*arguments))), cwd=folder, env=environment(folder, **more),
                stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    def finish(self, folder: Path, *arguments: str, **more: str) -> tuple[int, str]:
        process = self.start(folder, *arguments, **more)
        try:
            status = process.wait(timeout=SLOWEST)
        except subprocess.TimeoutExpired:
            end(process)
            status = -signal.SIGKILL
        return status, (folder / "snakemake.txt").read_text()

    def compare(self, folder: Path, tables: bool = False) -> None:
        """Models, scores, metrics and, if asked, score tables, byte for byte, but for what holds seconds."""
        own = self.whole / "results" / "small"
        shown = [own / "tables" / "manifest.json"] if tables else []
        for path in sorted([*(own / "tofu").rglob("manifest.json"), *shown]):
            place = path.parent.relative_to(self.whole)
            if not (folder / place).exists():
                raise Failed("lost", f"{place} is not there")
            if untimed(folder / place) != untimed(path.parent):
                raise Failed("wrong", f"{place}: other bytes than the undisturbed run's")

    def planned(self, folder: Path) -> set[str]:
        """Rules that a dry run would start; of a call that ends with the names of what is stale, those names."""
        status, text = self.finish(folder, "-n", "--quiet", "rules")
        names = ("prepare", "finetune", "unlearn", "evaluate", "aggregate")
        if status:
            return {name for name in names if name in text.rpartition("rror")[2]}
        return {name for name in names if name in text}


def untimed(folder: Path) -> dict[str, bytes]:
    """Of the tables the one of costs, and what the report reads of them all, hold seconds."""
    return {name: content for name, content in contents(folder).items()
            if not name.startswith("efficiency.") and name != "shown.json"}  # fmt: skip


def end(process: subprocess.Popen, number: int = signal.SIGKILL) -> None:
    os.killpg(process.pid, number)
    process.wait()


def last(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return " | ".join(lines[-3:])[-300:]


def killed(flow: Flow, rng: Random, kills: int) -> None:
    """Snakemake and all that it started, at random moments, until the study is done."""
    folder = flow.fresh()
    for _ in range(kills):
        process = flow.start(folder, "--rerun-incomplete")
        time.sleep(rng.uniform(2, max(4, flow.seconds * 2 / kills)))
        if process.poll() is None:
            end(process, rng.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGINT]))
        flow.finish(folder, "--unlock")
    status, text = flow.finish(folder, "--rerun-incomplete")
    if status:
        raise Failed("lost", f"after {kills} kills: {last(text)}")
    flow.compare(folder, tables=True)


def two_at_once(flow: Flow, rng: Random) -> None:
    folder = flow.fresh()
    first = flow.start(folder, "--", METRICS)
    while first.poll() is None and not list((folder / ".snakemake" / "locks").glob("*")):
        time.sleep(0.05)  # whoever comes first has the lock
    time.sleep(rng.uniform(0, flow.seconds / 4))
    second = subprocess.run(
        snakemake_command("--", METRICS), cwd=folder, env=environment(folder), capture_output=True, text=True
    )
    status = first.wait()
    if second.returncode == 0 and "Nothing to be done" not in second.stdout + second.stderr:
        raise Failed("wrong", "two ran at once")
    if status:
        raise Failed("lost", f"the first: {last((folder / 'snakemake.txt').read_text())}")
    flow.compare(folder)


def edited_meanwhile(flow: Flow, rng: Random, what: str) -> None:
    """An edit while jobs run: what is stale in the end is made again, and after the edit is taken back all is as before."""
    folder = flow.fresh()
    path = folder / EDITED[what]
    kept = path.read_text()
    process = flow.start(folder, "--", METRICS)
    while process.poll() is None and not (folder / "results/small/tofu/data/manifest.json").exists():
        time.sleep(0.05)
    time.sleep(rng.uniform(0, flow.seconds / 4))
    edit(path, what)
    status = process.wait()
    planned = flow.planned(folder)
    if status == 0 and STALE[what] not in planned:
        raise Failed("wrong", f"an edit of {what} meanwhile: a dry run wants {sorted(planned) or 'nothing'}")
    path.write_text(kept)
    status, text = flow.finish(folder, "--rerun-incomplete", "--", METRICS)
    if status:
        raise Failed("lost", f"after the edit was taken back: {last(text)}")
    flow.compare(folder)


def edit(path: Path, what: str) -> None:
    if what == "config":
        set_keys(path, {RATE: 0.5})
    elif what == "code":
        path.write_text(path.read_text().replace("return ", "return 0.5 * ", 1))
    else:
        text = path.read_text()
        path.write_text(text.replace("Author 0.", "Author x.", 1))


def records_gone(flow: Flow, rng: Random, what: str) -> None:
    """An edit after `.snakemake` was removed is seen."""
    folder = flow.copied()
    shutil.rmtree(folder / ".snakemake")
    path = folder / EDITED[what]
    times = path.stat()
    edit(path, what)
    if what == "data":  # as a copy by rsync, or an editor that keeps times
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    planned = flow.planned(folder)
    if STALE[what] not in planned:
        raise Failed("wrong", f"an edit of {what} without .snakemake: a dry run wants {sorted(planned) or 'nothing'}")


def cache_unfit(flow: Flow, rng: Random, how: str) -> None:
    """A shared cache that is full, read-only or missing loses no finished training."""
    folder, cache = flow.fresh(), flow.folder / f"cache {flow.number}"
    goal = "results/small/tofu/runs/mini/base"
    with (
        nullcontext() if how == "missing" else disk(cache, "ro" if how == "read-only" else "size=64k") as mounted,
    ):
        if how != "missing" and not mounted:
            cache.chmod(0o555)  # nobody may mount here; rights of files bind all but root
        status, text = flow.finish(folder, "--cache", "--", goal, SNAKEMAKE_OUTPUT_CACHE=str(cache))
    log = folder / "results/small/logs/tofu/runs/mini/base.log"
    trained = log.exists() and " steps, last loss" in log.read_text()
    if trained and not (folder / goal / "manifest.json").exists() and not list((folder / ".resume").glob("*/step-*")):
        raise Failed("lost", f"cache {how}: status {status}, the training is gone: {last(text)}")


def entry_damaged(flow: Flow, rng: Random, how: str) -> None:
    """A file in a shared cache is damaged: who is given it is told by `grunflow verify`."""
    goal, cache = "results/small/tofu/runs/mini/base", flow.folder / f"shared {how}"
    cache.mkdir(parents=True)
    status, text = flow.finish(flow.fresh(), "--cache", "--", goal, SNAKEMAKE_OUTPUT_CACHE=str(cache))
    files = [path for path in sorted(cache.rglob("*")) if path.is_file() and path.name not in NOT_OURS]
    if status or not files:
        raise Failed("lost", f"nothing came into the cache: {last(text)}")
    damage(rng.choice([path for path in files if path.stat().st_size]), rng, how)
    folder = flow.fresh()
    flow.finish(folder, "--cache", "--", goal, SNAKEMAKE_OUTPUT_CACHE=str(cache))
    told = call(folder, BIN / "grunflow", "verify", "results/small")
    if told.returncode != 3:
        raise Failed("wrong", f"verify ends with {told.returncode}: {last(told.stdout + told.stderr)}")


def odd_place(flow: Flow, rng: Random) -> None:
    """A study in a folder with blanks, quotes and shell's words, with files that have them too."""
    folder = study_in(flow.folder / "it's a; touch PWNED; #", ["gd", "mine"], corpora=False)
    shutil.move(folder / "tofu", folder / "to fu's; touch PWNED")
    shutil.move(folder / "mine.py", folder / "my $(touch PWNED) method.py")
    set_keys(folder / "study.yaml", {"benchmarks__tofu__folder": "to fu's; touch PWNED",
                                     "objectives__mine__file": "my $(touch PWNED) method.py"})  # fmt: skip
    goal = "results/small/tofu/runs/mini/forget01/mine_grun_t0_u0"
    status, text = flow.finish(folder, "--", goal)
    if list(flow.folder.rglob("PWNED")):
        raise Failed("wrong", "a name was run as a command")
    if status:
        raise Failed("lost", f"odd names: {last(text)}")
