"""grunflow recover: after a Snakemake that died, cancel the jobs that it left in the queue and unlock the folder."""

import argparse
import os
import time
from pathlib import Path

PREFIX = "grunflow"  # slurm-jobname-prefix of workflow/profiles/slurm


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="only say which jobs there are")
    parser.add_argument("--prefix", default=PREFIX, help=f"slurm-jobname-prefix of the profile ({PREFIX})")


def run(arguments: argparse.Namespace) -> None:
    """Cancel every job that was submitted in this folder, wait until it is gone, remove Snakemake's lock.

    A cancelled training job writes a checkpoint first: the next call goes on from it.

    Raises:
        BadInput: a Snakemake that runs in this folder on this machine: it would lose its jobs.
    """
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
    cancel(jobs)
    while queued(arguments.prefix, work):
        time.sleep(1)
    locks = list((work / ".snakemake" / "locks").glob("*"))
    for lock in locks:
        lock.unlink()
    print(f"{len(jobs)} jobs cancelled{', folder unlocked' if locks else ''}; now the same snakemake call again")


def running_here(work: Path) -> list[int]:
    """Processes of Snakemake whose working directory is `work`; those inside a job are none of them."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            same = (process / "cwd").resolve() == work.resolve()
            inside = b"SLURM_JOB_ID=" in (process / "environ").read_bytes()
        except OSError:  # it ended, or is another user's
            continue
        snakemake = any(word.endswith((b"/snakemake", b"snakemake.cli")) for word in words[:3])
        if same and snakemake and not inside and int(process.name) != os.getpid():
            found.append(int(process.name))
    return found
