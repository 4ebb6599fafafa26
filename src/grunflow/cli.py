"""The command line: one subcommand per stage, each `--spec --code --input ... --out`; `verify`, `score-log`,
`check-fixtures`."""

import argparse
import importlib
import json
import logging
import sys
from pathlib import Path

from grunflow.errors import BadInput, CheckFailed

STAGES = {
    "prepare_data": "generate the study's records and splits",
    "finetune": "train a base, target or retain model",
    "unlearn": "train one objective on one carrier",
    "cache_frozen_states": "run a frozen model once over the training texts",
    "evaluate": "score one model on the four sets, per example",
    "aggregate": "per-example scores -> metrics of every run",
    "prepare_corpora": "read or generate the WMDP study's corpora and questions",
    "unlearn_wmdp": "train one objective on one carrier, on corpora",
    "evaluate_wmdp": "answer multiple-choice questions through lm-eval",
    "aggregate_wmdp": "answers -> one table of every run's answers",
    "tables": "metrics -> tables with intervals",
    "figures": "tables -> figures",
    "report": "tables and figures -> one HTML page",
}


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="grunflow", description="Stages of the GRUN study; snakemake calls them.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for stage, text in STAGES.items():
        sub = commands.add_parser(stage, help=text, description=text)
        sub.add_argument("--spec", required=True, help="the stage's spec: JSON, or a file that holds it")
        sub.add_argument("--code", help="digest of the code expected to run; a mismatch ends with status 2")
        sub.add_argument(
            "--input",
            action="append",
            default=[],
            metavar="NAME=FOLDER",
            help="a finished folder of an earlier stage; may be repeated",
        )
        sub.add_argument("--out", required=True, type=Path, help="folder to write")
        sub.add_argument("--log", type=Path, help="write the log here; a terminal still shows a live bar")
        sub.add_argument("--batch-size", type=int, default=64, help="evaluation batch; changes no score")
    verify = commands.add_parser("verify", help="recheck the checksums of every manifest under a folder")
    verify.add_argument("folder", type=Path)
    log = commands.add_parser("score-log", help="metrics of a published TOFU evaluation log")
    log.add_argument("log_file", type=Path, metavar="LOG.json")
    log.add_argument("--retain", type=Path, metavar="LOG.json", help="the retain model's log, for Forget Quality")
    fixtures = commands.add_parser(
        "check-fixtures", help="run the code on stored results of the authors' and peers' code"
    )
    fixtures.add_argument("folder", type=Path)
    for command in (log, fixtures):
        command.add_argument("--json", action="store_true", help="print JSON")
    return top


def run_score_log(arguments: argparse.Namespace) -> None:
    from grunflow.evaluation.logs import score_log

    found = score_log(arguments.log_file, arguments.retain)
    print(json.dumps(found) if arguments.json else "\n".join(f"{name:32} {value:.6g}" for name, value in found.items()))


def run_check_fixtures(arguments: argparse.Namespace) -> None:
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


def run_stage(arguments: argparse.Namespace) -> None:
    from grunflow.config.digest import stage_digest
    from grunflow.config.stages import SPECS
    from grunflow.config.typed import typed
    from grunflow.manifest import output_folder

    stage = arguments.command
    spec = typed(SPECS[stage], _read_spec(arguments.spec), f"--spec of {stage}")
    digest = stage_digest(stage)
    if arguments.code and arguments.code != digest:
        raise BadInput(
            f"{stage}: --code is {arguments.code} but the code here is {digest}: code changed since submission, or "
            "this environment holds another checkout. Run snakemake again."
        )
    inputs: dict[str, list[Path]] = {}
    for item in arguments.input:
        name, separator, folder = item.partition("=")
        if not separator:
            raise BadInput(f"--input: got {item!r}, expected NAME=FOLDER.")
        inputs.setdefault(name, []).append(Path(folder))
    with output_folder(arguments.out, spec=spec.model_dump(mode="json"), code=digest, inputs=inputs) as (
        out,
        measured,
    ):
        module = importlib.import_module(f"grunflow.stages.{stage}")
        measured |= module.run(spec, inputs, out, arguments.batch_size) or {}


def _read_spec(text: str) -> dict:
    if not text.lstrip().startswith("{"):
        try:
            text = Path(text).read_text()
        except OSError as error:
            raise BadInput(
                f"--spec: cannot read {text!r}: {error.strerror}. Give JSON or a file that holds it."
            ) from None
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise BadInput(f"--spec: not JSON: {error}.") from None


def verify(folder: Path) -> None:
    """Recompute every checksum under `folder`; CheckFailed names the first file that differs."""
    from grunflow.manifest import MANIFEST, checksums, read_manifest

    manifests = sorted(path for path in folder.rglob(MANIFEST) if ".draft-" not in path.as_posix())
    if not manifests:
        raise BadInput(f"{folder}: no {MANIFEST} below it; give a study's folder, like results/demo.")
    for path in manifests:
        expected, got = read_manifest(path.parent)["outputs"], checksums(path.parent)
        for name in expected:
            if got.get(name) != expected[name]:
                raise CheckFailed(
                    f"{path.parent / name}: checksum differs from its manifest; delete the folder and rerun."
                )
    print(f"{len(manifests)} folders verified")


def main() -> None:
    arguments = parser().parse_args()
    log_file = getattr(arguments, "log", None)
    if log_file:
        log_file.parent.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", filename=log_file, filemode="w")
    commands = {
        "verify": lambda: verify(arguments.folder),
        "score-log": lambda: run_score_log(arguments),
        "check-fixtures": lambda: run_check_fixtures(arguments),
    }
    try:
        commands.get(arguments.command, lambda: run_stage(arguments))()
    except (BadInput, CheckFailed) as error:
        logging.error("grunflow %s: %s", arguments.command, error)
        if log_file:
            print(f"grunflow {arguments.command}: {error}", file=sys.stderr)
        sys.exit(error.exit_status)
    except Exception:
        logging.exception("grunflow %s failed", arguments.command)
        raise
