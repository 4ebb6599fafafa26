"""grunflow show: of a run its settings, its scores, and what it still knows of what was to be forgotten; of a study its verdicts."""

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

LEAKS = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, help="a run's folder below runs/, or a study's, like results/demo")
    parser.add_argument("--leaks", type=int, default=LEAKS, metavar="N", help=f"how many of the worst leaks ({LEAKS})")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> None:
    from grunflow.reporting.finished import plain

    if is_study(arguments.run):
        study = of_study(arguments.run)
        print(json.dumps(plain(study), indent=1) if arguments.json else readable_study(study))
        return
    found = shown(arguments.run, arguments.leaks)
    print(json.dumps(plain(found), indent=1, ensure_ascii=False) if arguments.json else readable(found))


def is_study(folder: Path) -> bool:
    from grunflow.manifest import MANIFEST
    from grunflow.reporting.finished import TABLES

    return (folder / TABLES / MANIFEST).is_file()


def of_study(folder: Path) -> dict[str, Any]:
    """verdicts: rows of its claims.json, none of a study without claims; report: its page, where it is made."""
    from grunflow.config.shown_specs import Claims, Report

    judged, page = folder / Claims.copied, folder / Report.copied
    return {
        "study": str(folder),
        "verdicts": json.loads(judged.read_text()) if judged.is_file() else [],
        "report": str(page) if page.is_file() else None,
    }


def readable_study(found: dict[str, Any]) -> str:
    """How many verdicts of each kind, and those of the claims that its models can be held against first."""
    from grunflow.reporting.claims import sentences

    kinds = Counter(row["verdict"] for row in found["verdicts"])
    counts = ", ".join(f"{number} {kind}" for kind, number in kinds.items()) or "none"
    first = [row for row in found["verdicts"] if row["primary"]]
    lines = [
        f"{found['study']}: verdicts on what the paper says: {counts}",
        *(f"  {line}" for line in sentences(first, parts=False)),
    ]
    return "\n".join(lines + ([f"report: {found['report']}"] if found["report"] else []))


# Of a manifest's `measured`.
MEASURED = ("trained_parameters", "steps", "accumulation", "train_seconds", "peak_memory_bytes")


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
        found["note"] = f"in brackets the method's 95 % interval, seeds: {len(row.runs)}. {row.note}"
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
            f"knows best ({leak['set']}; {scores}): {leak['question']}",
            f"  right:  {leak['answer']}",
            f"  it says: {leak['generation']}",
        ]
    return "\n".join(lines)
