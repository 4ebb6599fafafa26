"""grunflow recover: after a Snakemake that died, cancel the jobs that it left in the queue and unlock the folder."""

import argparse
import os
import time
from pathlib import Path

PREFIX = "grunflow"  # slurm-jobname-prefix of workflow/profiles/slurm
PATIENCE_SECONDS = 600  # a checkpoint is written, a lost node given up


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="only say which jobs there are")
    parser.add_argument("--prefix", default=PREFIX, help=f"slurm-jobname-prefix of the profile ({PREFIX})")


def run(arguments: argparse.Namespace) -> None:
    """Cancel every job that was submitted in this folder, wait until it is gone, remove Snakemake's lock.

    A cancelled training job writes a checkpoint first: the next call goes on from it.

    Raises:
        BadInput: a Snakemake that runs in this folder, here or on another machine: it would lose its jobs; or jobs that do not
            end.
    """
    from grunflow import presence
    from grunflow.cluster import cancel, queued
    from grunflow.errors import BadInput

    work = Path.cwd()
    jobs = queued(arguments.prefix, work)
    for job in jobs:
        print(f"{job.number} {job.state} {job.comment} {job.node}")
    if arguments.dry_run:
        return
    alive = running_here(work)
    if alive:
        raise BadInput(f"snakemake runs in {work} (process {alive[0]}): its jobs are no orphans. End it first.")
    other = presence.elsewhere()
    if other:
        raise BadInput(
            f"snakemake runs in {work} on {other.host} (process {other.process}, last sign of life {other.seconds:.0f} s ago): its jobs "
            f"are no orphans. End it there; if that machine is lost, call again in {presence.DEAD_SECONDS - other.seconds:.0f} s."
        )
    cancel(jobs)
    end = time.monotonic() + PATIENCE_SECONDS
    while left := queued(arguments.prefix, work):
        if time.monotonic() > end:
            named = ", ".join(f"{job.number} ({job.state} on {job.node or 'no node'})" for job in left)
            raise BadInput(
                f"cancelled, but not gone after {PATIENCE_SECONDS} s: {named}. Ask the cluster's staff, then call again."
            )
        time.sleep(1)
    locks = list((work / ".snakemake" / "locks").glob("*"))
    for lock in locks:
        lock.unlink()
    print(f"{len(jobs)} jobs cancelled{', folder unlocked' if locks else ''}; now the same snakemake call again")


def running_here(work: Path) -> list[int]:
    """Processes of Snakemake whose working directory is `work`; those that run a single job are none of them."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            same = (process / "cwd").resolve() == work.resolve()
        except OSError:  # it ended, or is another user's
            continue
        snakemake = any(word.rpartition(b"/")[2] in (b"snakemake", b"snakemake.cli") for word in words[:3])
        # Inside a job Snakemake runs too, on that job alone. Its environment would not do: Snakemake itself may live in one.
        inside = b"--target-jobs" in words
        if same and snakemake and not inside and int(process.name) != os.getpid():
            found.append(int(process.name))
    return found
