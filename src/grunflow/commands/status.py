"""grunflow status: one screen of a study: what is done, what runs and how far it is, what has stopped and why."""

import argparse
import json
import socket
import statistics
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grunflow.commands.recover import PREFIX
from grunflow.job import read_object

if TYPE_CHECKING:
    from grunflow.cluster import QueuedJob

# A heartbeat comes at every training step and every set of an evaluation, which may take minutes on a large model; where SLURM
# or this machine can say whether the job runs its age does not matter.
STALE_SECONDS = 120.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--configfile", type=Path, required=True)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--prefix", default=PREFIX, help=f"slurm-jobname-prefix of the profile ({PREFIX})")


def run(arguments: argparse.Namespace) -> None:
    from grunflow.config.reading import read_study
    from grunflow.config.typed import read_yaml

    now = time.time()
    found = state(read_study(read_yaml(str(arguments.configfile), "--configfile")), arguments.prefix, now)
    print(json.dumps(found, indent=1) if arguments.json else screen(found, now))


def state(study: Any, prefix: str, now: float) -> dict[str, Any]:
    """stages: rule -> numbers of jobs; running: heartbeats; stopped: folder -> last line of its log; again: folders whose result is
    of another config, code or input; left_out: run -> why; waiting:
    jobs in SLURM's queue; queue: state -> how many; left: what is still to come, in words; GPU-hours used and planned."""
    from grunflow.config.jobs import all_jobs
    from grunflow.costs.rates import at, of_study
    from grunflow.costs.stages import cost
    from grunflow.manifest import MANIFEST
    from grunflow.reruns import done_folders

    jobs = all_jobs(study)
    queue = in_queue(prefix)
    beats = heartbeats(now, None if queue is None else {job.number for job in queue if job.state == "RUNNING"})
    done = done_folders(jobs)
    others = [job for job in jobs if job.folder not in done | set(beats)]
    again = {job.folder: None for job in others if (Path(job.folder) / MANIFEST).is_file()}
    stopped = {job.folder: last_line(Path(job.log)) for job in others if job.folder not in again}
    stopped = {folder: line for folder, line in stopped.items() if line}
    stages = {}
    for rule in dict.fromkeys(job.rule for job in jobs):
        of_rule = {job.folder for job in jobs if job.rule == rule}
        counts = (len(of_rule & set(part)) for part in (done, beats, stopped))
        stages[rule] = dict(zip(COUNTS, (len(of_rule), *counts), strict=True))
    used = sum(measured(Path(folder)).get("gpu_seconds") or 0.0 for folder in done) / 3600
    rates = of_study(study.study)
    spent = [at(rates.get(job.rule), cost(study, job.spec)) for job in jobs]
    planned = sum(each.gpus * each.seconds for each in spent) / 3600
    return {
        "study": study.study,
        "stages": stages,
        "running": list(beats.values()),
        "stopped": stopped,
        "again": list(again),
        "left_out": study.absent,
        "waiting": [
            {"job": job.comment, "number": job.number, "reason": job.reason}
            for job in queue or ()
            if job.state == "PENDING"
        ],
        "queue": dict(sorted(Counter(job.state.lower() for job in queue or ()).items())),
        "left": left_line({job.folder: job.rule for job in jobs}, done, max(1, len(beats))),
        "gpu_hours": {"used": used, "planned": planned},
    }


COUNTS = ("jobs", "done", "running", "stopped")


def screen(found: dict[str, Any], now: float) -> str:
    """A line per rule, one per running job, one per job that has stopped with the last line of its log, and GPU-hours."""
    lines = [f"study {found['study']}", f"{'stage':20} {'jobs':>5} {'done':>5} {'running':>8} {'stopped':>8}"]
    for rule, counts in found["stages"].items():
        jobs, done, running, stopped = (counts[name] for name in COUNTS)
        lines.append(f"{rule:20} {jobs:5} {done:5} {running:8} {stopped:8}")
    lines += [running_line(beat, now) for beat in found["running"]]
    lines += [f"stopped {folder}: {line}" for folder, line in found["stopped"].items()]
    if found["again"]:
        lines.append(
            f"to be made again: {len(found['again'])}, finished with another config, code or input (`grunflow why`)"
        )
    lines += [f"left out {run}: {reason}" for run, reason in found["left_out"].items()]
    lines += [f"waits {job['job']} (SLURM {job['number']}): {job['reason']}" for job in found["waiting"]]
    if found["queue"]:
        lines.append(f"in the queue: {', '.join(f'{number} {state}' for state, number in found['queue'].items())}")
    lines += filter(None, [found["left"]])
    hours = found["gpu_hours"]
    return "\n".join([*lines, f"GPU-hours: {hours['used']:.1f} used, {hours['planned']:.1f} planned"])


def heartbeats(now: float, running: set[str] | None) -> dict[str, dict[str, Any]]:
    """Output folder -> heartbeat, of the jobs that live: of SLURM's those that it says are `running` (None: it cannot be
    asked), of this machine's those with a process, of others' those that wrote one in the last STALE_SECONDS."""
    found = {}
    for path in Path(".resume").glob("*/heartbeat.json"):
        beat = read_object(path)
        if beat and _lives(beat, now, running):
            found[beat["out"]] = beat
    return found


def _lives(beat: dict[str, Any], now: float, running: set[str] | None) -> bool:
    if beat["slurm_job_id"] and running is not None:
        return beat["slurm_job_id"] in running
    if beat["host"] == socket.gethostname():
        return Path("/proc", str(beat["pid"])).exists()
    return now - beat["updated"] < STALE_SECONDS


def running_line(beat: dict[str, Any], now: float) -> str:
    """Where a job runs, its progress, and minutes left at the pace of this process."""
    where = f"SLURM {beat['slurm_job_id']} on {beat['host']}" if beat["slurm_job_id"] else beat["host"]
    steps = beat["step"] - beat["first"]
    left = (
        f"{(beat['updated'] - beat['started']) / steps * (beat['total'] - beat['step']) / 60:.0f} min left"
        if steps
        else "begins"
    )
    return f"running {beat['out']} ({where}): {beat['label']}, step {beat['step']} of {beat['total']}, {left}"


def left_line(rules: dict[str, str], done: set[str], at_once: int) -> str:
    """Minutes until all is done, if a job still to come takes what those of its rule have taken here; empty before the first.

    Args:
        rules: folder of every job -> its rule.
        at_once: jobs that run side by side.
    """
    left = [rule for folder, rule in rules.items() if folder not in done]
    if not done or not left:
        return ""
    taken: dict[str, list[float]] = {}
    for folder in done:
        taken.setdefault(rules[folder], []).append(measured(Path(folder)).get("seconds") or 0.0)
    minutes = sum(statistics.mean(taken[rule]) for rule in left if rule in taken) / at_once / 60
    unseen = ", ".join(dict.fromkeys(rule for rule in left if rule not in taken))
    return f"left: {len(left)} jobs, about {minutes:.0f} min{f' and {unseen}, of which none is done yet' if unseen else ''}"


def last_line(log: Path) -> str:
    """The last line of a log, which of a stage that failed says why; empty where there is no log."""
    lines = log.read_text(errors="replace").strip().splitlines() if log.is_file() else []
    return lines[-1] if lines else ""


def in_queue(prefix: str) -> "list[QueuedJob] | None":
    """This folder's jobs; None on a machine without SLURM."""
    from grunflow.cluster import queued
    from grunflow.errors import BadInput

    try:
        return queued(prefix, Path.cwd())
    except BadInput:
        return None


def measured(folder: Path) -> dict[str, Any]:
    from grunflow.manifest import read_manifest

    return read_manifest(folder)["measured"]
