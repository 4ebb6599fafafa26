"""grunflow score-log: every metric of a published TOFU evaluation log."""

import argparse
import json
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("log_file", type=Path, metavar="LOG.json")
    parser.add_argument("--retain", type=Path, metavar="LOG.json", help="the retain model's log, for Forget Quality")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> None:
    from grunflow.benchmarks.tofu.logs import score_log

    found = score_log(arguments.log_file, arguments.retain)
    print(json.dumps(found) if arguments.json else "\n".join(f"{name:32} {value:.6g}" for name, value in found.items()))
