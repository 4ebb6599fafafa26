"""grunflow check-fixtures: the production code on stored results of the authors' and peers' code."""

import argparse
import json
import sys
from pathlib import Path

from grunflow.errors import CheckFailed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> None:
    from grunflow import fixtures

    rows, notes = fixtures.run(arguments.folder)
    for note in notes:
        print(note, file=sys.stderr)
    off = [row for row in rows if row.off]
    if arguments.json:
        print(json.dumps([vars(row) for row in rows]))
    else:
        print(f"{len(rows)} quantities, {len(off)} off")
    if off:
        worst = max(off, key=lambda row: row.rel_diff / (row.tolerance or 1e-300))
        raise CheckFailed(
            f"{len(off)} of {len(rows)} quantities are off; worst {worst.case} {worst.quantity}: {worst.rel_diff:.3g}, "
            f"tolerance {worst.tolerance:.3g}."
        )
