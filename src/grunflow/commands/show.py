"""grunflow show: one run: its settings, its scores, and what it still knows of what was to be forgotten."""

import argparse
import json
from pathlib import Path
from typing import Any

LEAKS = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, help="a run's folder below runs/")
    parser.add_argument("--leaks", type=int, default=LEAKS, metavar="N", help=f"how many of the worst leaks ({LEAKS})")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> None:
    from grunflow.reporting.finished import plain

    found = shown(arguments.run, arguments.leaks)
    print(json.dumps(plain(found), indent=1, ensure_ascii=False) if arguments.json else readable(found))


# Of a manifest's `measured`.
MEASURED = ("trained_parameters", "steps", "train_seconds", "peak_memory_bytes")


def shown(folder: Path, leaks: int) -> dict[str, Any]:
    """settings: of its spec; measured; scores: figure -> this run's value, and its method's over seeds with the interval; leaks."""
    from grunflow.manifest import read_manifest
    from grunflow.reporting.finished import flat, known
    from grunflow.reporting.finished import leaks as leaks_of

    manifest = read_manifest(folder)
    spec, measured = manifest["spec"], manifest["measured"]
    found: dict[str, Any] = {
        "run": str(folder),
        "settings": {key: value for key, value in flat(spec).items() if key.partition(".")[0] in SETTINGS},
        "measured": {key: measured[key] for key in MEASURED if key in measured},
        "scores": [],
        "note": "no scores: it lies in no study whose tables are made",
        "leaks": [],
    }
    mine = known(folder)
    if mine is not None:
        own, row = mine.rows.iloc[0], mine.row
        found["scores"] = [
            {"figure": item.name, "title": item.title, "run": None if item.name not in own else float(own[item.name]),
             "mean": item.value, "lo": item.lo, "hi": item.hi, "text": item.text} for item in row.figures
        ]  # fmt: skip
        found["note"] = f"in brackets the 95 % interval of the method over its {len(row.runs)} seeds. {row.note}"
        found["leaks"] = [leak._asdict() for leak in leaks_of(mine, leaks)]
    return found


# Of a spec what says how a run was made; the rest says where its texts are and when it is asked.
SETTINGS = ("benchmark", "split", "variant", "role", "objective", "carrier", "training", "engine", "template", "target_seed",
            "unlearn_seed", "seed")  # fmt: skip


def readable(found: dict[str, Any]) -> str:
    lines = [
        found["run"],
        *(
            f"  {key}: {value}"
            for key, value in {**found["settings"], **found["measured"]}.items()
            if value not in (None, "")
        ),
    ]
    lines += ["scores: this run, then its method"] if found["scores"] else []
    for item in found["scores"]:
        own = "" if item["run"] is None else f"{item['run']:.3g}"
        lines.append(f"  {item['title']:32} {own:>9}  {item['text']}")
    lines.append(f"  ({found['note']})")
    for leak in found["leaks"]:
        scores = ", ".join(f"{name} {value:.2f}" for name, value in leak["scores"].items())
        lines += [
            f"leak ({leak['set']}; {scores}): {leak['question']}",
            f"  right:  {leak['answer']}",
            f"  it says: {leak['generation']}",
        ]
    return "\n".join(lines)
