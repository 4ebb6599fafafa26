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
    """A line per rule with its jobs and cost, below it a line per kind of reason with the number of jobs."""
    if not found:
        return ["Nothing would run again."]
    lines = []
    for rule in dict.fromkeys(item.job.rule for item in found):
        jobs = [item for item in found if item.job.rule == rule]
        lines.append(f"{rule}: {_count(jobs)}, {_cost(jobs)}")
        alike: dict[tuple[str, ...], list[Rerun]] = {}
        for item in jobs:
            alike.setdefault(tuple(map(kind_of, item.reasons)), []).append(item)
        lines += [f"    {_told(items)} ({_count(items)})" for items in alike.values()]
    return [*lines, f"total: {_count(found)}, {_cost(found)}"]


def kind_of(reason: str) -> str:
    """What reasons share that differ by values, folders, and names of parts and runs alone."""
    if " -> " in reason:
        return f"{_kind_of_key(reason)} ->"
    if reason.endswith(" is new"):
        return f"{' '.join(map(_kind_of_key, reason.split(', ')))} is new"
    return " ".join(map(_kind_of_key, reason.split(" ")))


def _kind_of_key(text: str) -> str:
    """Of a key at the start of the text its first and last part; of a folder that it is one; else the word."""
    word = text.partition(" ")[0].removesuffix(",")
    if word.startswith("results/"):
        return "results"
    first, dot, rest = word.partition(".")
    if not dot or word.endswith(".py") or "/" in first:
        return word
    return first if "/" in rest else f"{first}.{rest.rpartition('.')[2]}"


def _told(items: "list[Rerun]") -> str:
    """The first of reasons of one kind, and how many others there are."""
    texts = dict.fromkeys("; ".join(item.reasons) for item in items)
    others = f", and {len(texts) - 1} more like it" if len(texts) > 1 else ""
    return f"{next(iter(texts))}{others}"


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
