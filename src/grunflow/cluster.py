"""What SLURM says: the queue of one working directory, partitions, GPUs and accounts."""

import getpass
import math
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from grunflow.errors import BadInput


@dataclass(frozen=True)
class QueuedJob:
    """comment: rule and wildcards, as Snakemake's executor writes them. reason: why it waits."""

    number: str
    name: str
    state: str
    reason: str
    node: str
    comment: str
    folder: str


def ask(*command: str) -> str:
    """Standard output of a SLURM client.

    Raises:
        BadInput: there is no such client, or it failed.
    """
    if shutil.which(command[0]) is None:
        raise BadInput(f"{command[0]}: not found; run this where SLURM's commands are, on a login node.")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BadInput(f"{' '.join(command)}: {done.stderr.strip() or 'failed'}")
    return done.stdout


def queued(prefix: str, work: Path) -> list[QueuedJob]:
    """The user's jobs whose name begins with `prefix` and which were submitted in `work`."""
    rows = ask("squeue", "-h", "-u", getpass.getuser(), "-o", "%i|%j|%T|%r|%N|%k|%Z").splitlines()
    jobs = [QueuedJob(*row.split("|", 6)) for row in rows]
    return [job for job in jobs if job.name.startswith(prefix) and Path(job.folder).resolve() == work.resolve()]


def cancel(jobs: list[QueuedJob]) -> None:
    if jobs:
        ask("scancel", *(job.number for job in jobs))


@dataclass(frozen=True)
class Partition:
    """The most that one of its nodes has, and how long a job may take. minutes: inf where there is no limit."""

    gpus: int = 0
    megabytes: float = math.inf
    minutes: float = math.inf
    up: bool = True


def partitions() -> dict[str, Partition]:
    found: dict[str, Partition] = {}
    for row in ask("sinfo", "-h", "-o", "%R|%G|%m|%l|%a").splitlines():
        name, resources, memory, limit, state = row.split("|")
        known = found.get(name, Partition(0, 0.0, 0.0, up=False))
        digits = "".join(letter for letter in memory if letter.isdigit())
        found[name] = Partition(
            max(known.gpus, _gpus(resources)), max(known.megabytes, float(digits or math.inf)),
            max(known.minutes, minutes_of(limit)), known.up or state == "up",
        )  # fmt: skip
    return found


def most_of(named: str) -> Partition:
    """What the most generous of the partitions allows, which sbatch takes as a list with commas; everything where SLURM does not
    say."""
    try:
        known = partitions()
    except BadInput:
        return Partition()
    found = [known[name] for name in named.strip("'\"").split(",") if name in known]
    if not found:
        return Partition()
    return Partition(*(max(getattr(item, key) for item in found) for key in ("gpus", "megabytes", "minutes")))


def minutes_of(limit: str) -> float:
    """Of a time limit as SLURM writes it: [days-]hours:minutes:seconds, minutes:seconds, infinite."""
    days, _, rest = limit.rpartition("-")
    parts = rest.split(":")
    if not all(part.isdigit() for part in parts):
        return math.inf
    seconds = 0
    for part in parts:
        seconds = 60 * seconds + int(part)
    return int(days or 0) * 1440 + seconds / 60


def qualities() -> set[str] | None:
    """Names of the qualities of service; None where they are not accounted for."""
    try:
        return set(ask("sacctmgr", "-n", "-P", "show", "qos", "format=name").split())
    except BadInput:
        return None


def _gpus(resources: str) -> int:
    """How many GPUs a node's generic resources name, as gpu:a100:4(S:0-1),nvme:1."""
    counts = [item.partition("(")[0].split(":") for item in resources.split(",") if item.startswith("gpu")]
    return sum(int(parts[-1]) if parts[-1].isdigit() else 1 for parts in counts)


def accounts() -> tuple[set[str], str] | None:
    """Accounts that the user may charge, and the one that a job without any is charged to ("": none); None on a cluster
    that asks for no account."""
    rows = [row.partition("=") for row in ask("scontrol", "show", "config").splitlines()]
    settings = {key.strip(): value.strip() for key, _, value in rows}
    if "associations" not in settings.get("AccountingStorageEnforce", ""):
        return None
    user = getpass.getuser()
    here = f"cluster={settings['ClusterName']}"  # accounts of another cluster are no use
    allowed = ask("sacctmgr", "-n", "-P", "show", "associations", f"user={user}", here, "format=account").split()
    return set(allowed), ask("sacctmgr", "-n", "-P", "show", "user", user, "format=defaultaccount").strip()
