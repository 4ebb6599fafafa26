"""grunflow why: which stages would run again, why, and what that would cost, before anything is started."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grunflow.reruns import Rerun


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--configfile", required=True, type=Path, help="the study's config, as given to snakemake")
    parser.add_argument("--json", action="store_true", help="one object per job")


def run(arguments: argparse.Namespace) -> None:
    """Compare the study's jobs with the manifests under results/, from the folder that snakemake runs in."""
    from grunflow.changes import Past
    from grunflow.config.jobs import all_jobs
    from grunflow.config.reading import read_study
    from grunflow.config.typed import read_yaml
    from grunflow.reruns import other_versions, reruns_of

    jobs = all_jobs(read_study(read_yaml(str(arguments.configfile), "--configfile")))
    past = Past(jobs)
    found = reruns_of(jobs, past)
    if arguments.json:
        rows = [
            {"rule": item.job.rule, "folder": item.job.folder, "reasons": item.reasons, "seconds": item.seconds}
            for item in found
        ]
        print(json.dumps(rows, indent=1))
    else:
        noted = [
            f"note: {text} ({count} results); nothing runs again for that"
            for text, count in other_versions(past).items()
        ]
        print("\n".join([*report(found), *noted]))


def report(found: "list[Rerun]") -> list[str]:
    """A line per rule with its jobs and cost, below it a line per reason with the number of jobs."""
    if not found:
        return ["Nothing would run again."]
    lines = []
    for rule in dict.fromkeys(item.job.rule for item in found):
        jobs = [item for item in found if item.job.rule == rule]
        lines.append(f"{rule}: {_count(jobs)}, {_cost(jobs)}")
        reasons: dict[str, list[Rerun]] = {}
        for item in jobs:
            reasons.setdefault("; ".join(item.reasons), []).append(item)
        lines += [f"    {reason} ({_count(items)})" for reason, items in reasons.items()]
    return [*lines, f"total: {_count(found)}, {_cost(found)}"]


def _count(items: "list[Rerun]") -> str:
    return f"{len(items)} job{'s' if len(items) > 1 else ''}"


def _cost(items: "list[Rerun]") -> str:
    known = [item.seconds for item in items if item.seconds is not None]
    parts = [f"{sum(known):.0f} s by earlier runs"] if known else []
    gpu = sum(item.gpu_seconds for item in items)
    parts += [f"{gpu / 3600:.2f} GPU hours"] if gpu else []
    unknown = len(items) - len(known)
    parts += [f"{unknown} never measured"] if unknown else []
    return ", ".join(parts)
