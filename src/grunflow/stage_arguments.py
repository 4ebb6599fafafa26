"""What a stage takes on the command line."""

import argparse
from pathlib import Path

from grunflow.config.stage import Stage
from grunflow.job import CHECKPOINT_SECONDS


class Partial(argparse.Action):
    """A flag with which spec and output folder follow from the study."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, *_: object) -> None:
        namespace.partial = True
        for action in parser._actions:
            action.required = False


def add_arguments(sub: argparse.ArgumentParser, stage: type[Stage]) -> None:
    sub.add_argument("--spec", required=True, help="the stage's spec: JSON, or a file that holds it")
    sub.add_argument("--code", help="digest of the code expected to run; a mismatch ends with status 2")
    sub.add_argument(
        "--input",
        action="append",
        default=[],
        metavar="NAME=FOLDER",
        help="a finished folder of an earlier stage; may be repeated",
    )
    sub.add_argument(
        "--file",
        action="append",
        default=[],
        type=Path,
        help="a file that the spec names, data or a method of your own; its checksum goes into the manifest; may be repeated",
    )
    sub.add_argument("--out", required=True, type=Path, help="folder to write")
    sub.add_argument("--log", type=Path, help="write the log here; a terminal still shows a live bar")
    sub.add_argument("--batch-size", type=_from_one, default=64, help="evaluation batch; changes no score")
    if stage.partial:
        sub.add_argument(
            "--partial",
            action=Partial,
            nargs=0,
            default=False,
            help="tables, figures, claims and report of what the study has so far; needs --configfile, and neither --spec nor --out",
        )
        sub.add_argument("--configfile", type=Path, help="the study's config, for --partial")
    if stage.trains:
        _add_training(sub)
    if stage.apart:
        sub.add_argument(
            "--carrier",
            type=Path,
            metavar="FOLDER",
            help="write what was trained here, not into --out: it can go first",
        )


def _add_training(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--checkpoint-seconds",
        type=float,
        default=CHECKPOINT_SECONDS,
        metavar="S",
        help=f"write resume state this often ({CHECKPOINT_SECONDS:g})",
    )
    sub.add_argument(
        "--accumulation",
        type=_from_one,
        default=1,
        metavar="N",
        help="micro-batches per step, where the spec's training leaves them to the plan (1)",
    )
    sub.add_argument("--processes", type=int, default=1, metavar="N", help="GPUs that share the job, by FSDP (1)")
    sub.add_argument("--nodes", type=int, default=1, metavar="N", help="nodes of a SLURM job that they lie on (1)")


def _from_one(text: str) -> int:
    """A number of the command line."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"got {text!r}, expected a whole number from 1")
    return int(text)
