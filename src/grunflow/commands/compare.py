"""grunflow compare: two runs or two studies: settings that differ, paired differences with intervals."""

import argparse
import json
from pathlib import Path
from typing import Any

from grunflow.errors import BadInput


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("first", type=Path, help="a run's folder below runs/, or a study's, like results/demo")
    parser.add_argument("second", type=Path, help="another of the same kind; differences are this one minus the first")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> None:
    from grunflow.reporting.finished import plain

    found = compared(arguments.first, arguments.second)
    print(json.dumps(plain(found), indent=1) if arguments.json else readable(found))


def compared(first: Path, second: Path) -> dict[str, Any]:
    """settings: see reporting/paired.py; only_first, only_second: runs of one of two studies; differences.

    Raises:
        BadInput: one is a run and the other a study, or one of them has no results.
    """
    from grunflow.reporting import paired

    kinds = [paired.is_run(folder) for folder in (first, second)]
    if kinds[0] != kinds[1]:
        raise BadInput(f"{first} and {second}: one is a run's folder, the other a study's; name two of one kind.")
    if kinds[0]:
        found = paired.of_runs(paired.known_run(first), paired.known_run(second))
        only: tuple[list[str], list[str]] = ([], [])
    else:
        found = list(paired.of_studies(first, second))
        names = [set(paired.run_folders(study)) for study in (first, second)]
        only = (sorted(names[0] - names[1]), sorted(names[1] - names[0]))
    return {
        "first": str(first), "second": str(second), "settings": paired.settings(first, second),
        "only_first": only[0], "only_second": only[1], "differences": [item._asdict() for item in found],
    }  # fmt: skip


def readable(found: dict[str, Any]) -> str:
    from grunflow.reporting.forms import figure_text

    lines = [f"first: {found['first']}", f"second: {found['second']}"]
    for item in found["settings"]:
        more = f" and {len(item['runs']) - 1} more" if item["runs"][1:] else ""
        lines.append(f"settings of {item['runs'][0]}{more}:")
        lines += [f"  {key}: {json.dumps(mine)} -> {json.dumps(yours)}" for key, (mine, yours) in item["keys"].items()]
    lines += [] if found["settings"] else ["settings: the same"]
    lines += [
        f"only in the {which}: {', '.join(found[f'only_{which}'])}"
        for which in ("first", "second")
        if found[f"only_{which}"]
    ]
    before = None
    for row in found["differences"]:
        head = f"{row['benchmark']}: {row['name']}: second minus first [95 % interval: {row['interval']}], seeds: {row['seeds']}"
        lines += [head] if head != before else []
        before = head
        apart = figure_text(row["difference"], row["lo"], row["hi"], "+.3f")
        lines.append(f"  {row['title']:32} {row['first']:.3f} -> {row['second']:.3f}  {apart}")
    return "\n".join(lines + ([] if found["differences"] else ["nothing was measured of both on the same questions"]))
