"""Faults of one job: kills, signals, full and read-only disks, damaged resume state, what is missing, odd names."""

import os
import resource
import shutil
import signal
import time
from pathlib import Path
from random import Random

from grunflow.config.jobs import Job
from grunflow.submission import VARIABLE
from tests.faults import forks
from tests.faults.disks import disk, enlarge
from tests.faults.world import STEPS, Failed, World, contents
from tests.jobs import newest

TRAINED = ("finetune_base", "finetune_target", "finetune_retain", "unlearn", "attack")
ODD = ("with space", "it's", 'quo"ted', "a; touch PWNED; #", "$(touch PWNED)", "ümläut", "-dash", "a=b", "{braces}")


def checkpoints(job: Job) -> list[str]:
    return ["--checkpoint-seconds=0"] if job.spec.trains else []


def killed(world: World, rng: Random, rule: str) -> None:
    """SIGKILL at a random moment; then the job is run again."""
    job = world.job(rule, rng)
    out, longest = world.fresh(job), world.seconds[job.folder]
    for _ in range(8):
        pid = world.start(job, out, *checkpoints(job))
        status = forks.wait(pid, rng.uniform(0, longest))
        if status is None and forks.kill(pid) < 0:
            break
        shutil.rmtree(world.folder / out, ignore_errors=True)
        longest /= 2
    else:
        raise Failed("lost", f"{job.folder}: always done before the kill")
    world.check_whole(job, out)
    world.finish(job, out, *checkpoints(job))


def signalled(world: World, rng: Random, number: int) -> tuple[Job, Path, bool]:
    """A training job that got a signal at a random moment, its output, and whether it wrote a checkpoint."""
    job = world.job(rng.choice(TRAINED), rng)
    out = world.fresh(job)
    for _ in range(10):
        pid = world.start(job, out, *checkpoints(job))
        least, status = rng.randrange(1, STEPS), None
        while status is None and newest(world.folder / ".resume") < least:
            status = forks.wait(pid, 0.002)
        if status is None and forks.kill(pid, number) == 75:
            return job, out, True
        shutil.rmtree(world.folder / out, ignore_errors=True)
        shutil.rmtree(world.folder / ".resume", ignore_errors=True)
    return job, out, False


def interrupted(world: World, rng: Random, number: int) -> None:
    """A signal that asks to stop: a checkpoint, status 75, and the next run goes on from it."""
    job, out, saved = signalled(world, rng, number)
    if not saved:
        raise Failed("lost", f"{job.folder}: no checkpoint at {signal.Signals(number).name} in 10 tries")
    world.finish(job, out, *checkpoints(job))


def resume_damaged(world: World, rng: Random, how: str) -> None:
    """A checkpoint of which a byte is another, or the end is missing."""
    job, out, saved = signalled(world, rng, signal.SIGTERM)
    if not saved:
        raise Failed("lost", f"{job.folder}: no checkpoint to damage")
    files = [path for path in sorted((world.folder / ".resume").rglob("step-*/*")) if path.is_file()]
    path = rng.choice(files)
    damage(path, rng, how)
    try:
        world.finish(job, out, *checkpoints(job))
    except Failed as failed:
        raise Failed(failed.kind, f"{path.name} {how}: {failed}") from None


def damage(path: Path, rng: Random, how: str) -> None:
    content = bytearray(path.read_bytes())
    if how == "truncated":
        del content[rng.randrange(len(content)) :]
    else:
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(bytes(content))


def disk_full(world: World, rng: Random, rule: str) -> None:
    """A file may not grow beyond a random part of the output's largest: as a full disk, an error of the write."""
    job = world.job(rule, rng)
    out = world.fresh(job)
    largest = max(map(len, contents(world.folder / job.folder).values()))
    limit = rng.randrange(max(1, largest))

    def before() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    world.run(job, out, *checkpoints(job), before=before)
    world.check_whole(job, out)
    world.finish(job, out, *checkpoints(job))


def disk_small(world: World, rng: Random, rule: str, what: str) -> None:
    """The results or the resume state of a job on a disk that is too small; then there is room again. Where nobody may mount one
    files are limited, as of disk_full."""
    job = world.job(rule, rng)
    out = world.fresh(job)
    size = sum(map(len, contents(world.folder / job.folder).values()))
    place = world.folder / ".resume" if what == "resume" else (world.folder / out).parent
    with disk(place, f"size={rng.randrange(4096, max(8192, size))}") as mounted:
        if not mounted:
            disk_full(world, rng, rule)
            return
        if world.run(job, out, *checkpoints(job)) == 0:
            world.compare(job, out)
            return
        world.check_whole(job, out)
        enlarge(place)
        world.finish(job, out, *checkpoints(job))


def submission_cut(world: World, rng: Random, rule: str) -> None:
    """The record of what Snakemake submitted was cut short: the job says so and does nothing; without the record it runs."""
    job = world.job(rule, rng)
    out = world.fresh(job)
    record = world.folder / "submitted.json"
    record.write_text('{"results/small/tofu": {"con'[: rng.randrange(28)])
    status = world.run(job, out, before=lambda: os.environ.update({VARIABLE: str(record)}))
    if status != 2 or "nobody knows what was submitted" not in world.last_line() or (world.folder / out).exists():
        raise Failed("wrong", f"{job.folder}: status {status}: {world.last_line()}")
    world.finish(job, out)


def no_writing(world: World, rng: Random, rule: str) -> None:
    """The folder of the output may not be written to."""
    job = world.job(rule, rng)
    out = world.fresh(job)
    parent = (world.folder / out).parent
    parent.mkdir(parents=True)
    parent.chmod(0o555)
    try:
        status = world.run(job, out, before=forks.unprivileged)
    finally:
        parent.chmod(0o755)
    if status == 0:
        raise Failed("wrong", f"{job.folder}: status 0 without a place to write to")
    world.finish(job, out)


def no_heartbeat(world: World, rng: Random, rule: str) -> None:
    """Resume state may not be written: the job runs to its end all the same."""
    job = world.job(rule, rng)
    out = world.fresh(job)
    (world.folder / ".resume").mkdir(exist_ok=True)
    (world.folder / ".resume").chmod(0o555)
    parent = (world.folder / out).parent
    parent.mkdir(parents=True)
    parent.chmod(0o777)
    try:
        world.finish(job, out, before=forks.unprivileged)
    finally:
        (world.folder / ".resume").chmod(0o755)


def neighbour(world: World, rng: Random, rule: str) -> None:
    """Another job's resume state that is cut off or empty."""
    for name, text in (("cut", '{"stage": "unl'), ("empty", ""), ("list", "[]")):
        (world.folder / ".resume" / name).mkdir(parents=True)
        (world.folder / ".resume" / name / "job.json").write_text(text)
    job = world.job(rule, rng)
    world.finish(job, world.fresh(job), *checkpoints(job))


def without(world: World, rng: Random, rule: str, what: str) -> None:
    """No git (no program at all), or no HOME."""

    def before() -> None:
        if what == "git":
            os.environ["PATH"] = "/nonexistent"
        else:
            os.environ.pop("HOME", None)

    job = world.job(rule, rng)
    world.finish(job, world.fresh(job), before=before)


def odd_name(world: World, rng: Random, rule: str) -> None:
    job = world.job(rule, rng)
    world.finish(job, world.fresh(job, rng.choice(ODD)))
    if list(world.folder.rglob("PWNED")):
        raise Failed("wrong", "a name was run as a command")


def twice_at_once(world: World, rng: Random, rule: str) -> None:
    """The same job by two processes: one of them may fail, and what lies there in the end is right."""
    job = world.job(rule, rng)
    out = world.fresh(job)
    pids = [world.start(job, out, *checkpoints(job))]
    time.sleep(rng.uniform(0, world.seconds[job.folder]))
    pids.append(world.start(job, out, *checkpoints(job)))
    for pid in pids:
        forks.wait(pid)
    world.finish(job, out, *checkpoints(job))


def artefact(world: World, rng: Random, job: Job, suffix: str, how: str) -> None:
    """A damaged file of a result: `grunflow verify` names it."""
    files = [path for path in sorted((world.folder / job.folder).rglob("*"))
             if path.is_file() and path.suffix == suffix and path.stat().st_size]  # fmt: skip
    path = rng.choice(files)
    kept = path.read_bytes()
    if how == "deleted":
        path.unlink()
    else:
        damage(path, rng, how)
    try:
        world.fresh(job)
        (world.folder / "tries").mkdir(exist_ok=True)
        status = forks.wait(forks.start(world.folder, ["verify", "results/small"], world.log()))
        if status != 3:
            raise Failed("wrong", f"{path.relative_to(world.folder)} {how}: verify ends with {status}")
        if path.name not in world.log().read_text() and job.folder not in world.log().read_text():
            raise Failed("wrong", f"{path.relative_to(world.folder)} {how}: verify does not name it")
    finally:
        path.write_bytes(kept)
