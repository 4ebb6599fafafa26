"""The command line: one subcommand per stage, each `--spec --code --input ... --out`, and those of COMMANDS."""

import argparse
import importlib
import json
import logging
import math
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from grunflow import launch
from grunflow.errors import BadInput, CheckFailed, Interrupted, OutOfMemory

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
    "figures": "metrics -> figures",
    "claims": "tables against what the paper says -> verdicts",
    "report": "tables, figures and verdicts -> one HTML page",
}
TRAINING = ("finetune", "unlearn", "unlearn_wmdp")
# Of each the module grunflow.commands.<name>.
COMMANDS = {
    "plan": "what a study will cost: jobs, GPUs, memory, disk, GPU-hours",
    "preflight": "ask the cluster whether it can meet what a profile and a study ask for",
    "status": "one screen of a study: done, running, stopped and why, GPU-hours",
    "recover": "cancel the SLURM jobs of a dead Snakemake and unlock the folder",
    "verify": "recheck every checksum under a folder, and the chain from a table to its data",
    "export": "one archive of a study's tables, figures, report, manifests, config and lock file",
    "why": "which stages would run again, why, and what that would cost",
    "prefetch": "bring a study's models and data from the hub into the cache, and pin their commits",
    "score-log": "metrics of a published TOFU evaluation log",
    "check-fixtures": "run the code on stored results of the authors' and peers' code",
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
        sub.add_argument(
            "--file",
            action="append",
            default=[],
            type=Path,
            help="a file that the spec names; its checksum goes into the manifest; may be repeated",
        )
        sub.add_argument("--out", required=True, type=Path, help="folder to write")
        sub.add_argument("--log", type=Path, help="write the log here; a terminal still shows a live bar")
        sub.add_argument("--batch-size", type=int, default=64, help="evaluation batch; changes no score")
        if stage in TRAINING:
            sub.add_argument(
                "--checkpoint-seconds",
                type=float,
                default=600.0,
                metavar="S",
                help="write resume state this often (600)",
            )
            sub.add_argument(
                "--processes", type=int, default=1, metavar="N", help="GPUs that share the job, by FSDP (1)"
            )
    for command, text in COMMANDS.items():
        module_of(command).add_arguments(commands.add_parser(command, help=text, description=text))
    return top


def module_of(command: str) -> ModuleType:
    return importlib.import_module(f"grunflow.commands.{command.replace('-', '_')}")


def run_stage(arguments: argparse.Namespace) -> int:
    """Run the stage, or start the processes that do; the exit status."""
    from grunflow.config.digest import stage_digest
    from grunflow.config.stages import SPECS
    from grunflow.config.typed import typed
    from grunflow.manifest import identities_of

    stage = arguments.command
    spec = typed(SPECS[stage], _read_spec(arguments.spec), f"--spec of {stage}")
    digest = stage_digest(stage)
    if arguments.code and arguments.code != digest:
        raise BadInput(
            f"{stage}: --code is {arguments.code} but the code here is {digest}: code changed since submission, or "
            "this environment holds another checkout. Run snakemake again."
        )
    inputs = _inputs_of(arguments)
    identity = {"stage": stage, "out": str(arguments.out), "spec": spec.model_dump(mode="json"), "code": digest,
                "inputs": identities_of(inputs)}  # fmt: skip
    processes = getattr(arguments, "processes", 1)
    launch.check(spec, processes)
    if processes > 1 and not launch.started_by_torchrun():
        return launch.launch(processes)
    _work(spec, identity, inputs, arguments, processes)
    return 0


def _inputs_of(arguments: argparse.Namespace) -> dict[str, list[Path]]:
    inputs: dict[str, list[Path]] = {}
    for item in arguments.input:
        name, separator, folder = item.partition("=")
        if not separator:
            raise BadInput(f"--input: got {item!r}, expected NAME=FOLDER.")
        inputs.setdefault(name, []).append(Path(folder))
    return inputs


def _work(
    spec: Any, identity: dict[str, Any], inputs: dict[str, list[Path]], arguments: argparse.Namespace, processes: int
) -> None:
    """Run the stage in this process; of several only the first writes."""
    from grunflow.config.digest import module_digests
    from grunflow.job import Job, running
    from grunflow.manifest import output_folder, scratch_folder

    stage, lead = identity["stage"], launch.is_lead()
    job = Job(identity, getattr(arguments, "checkpoint_seconds", math.inf), lead)
    if launch.started_by_torchrun():
        launch.join(processes)
    place = output_folder(
        arguments.out,
        spec=identity["spec"],
        code=identity["code"],
        inputs=inputs,
        files=arguments.file,
        modules=module_digests(stage),
    )
    with place if lead else scratch_folder() as (out, measured), running(job):
        module = importlib.import_module(f"grunflow.stages.{stage}")
        measured |= module.run(spec, inputs, out, arguments.batch_size) or {}
        measured |= job.measures()
        if processes > 1:
            measured["processes"] = processes
    job.end()
    if launch.started_by_torchrun():
        launch.leave()


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


def main() -> None:
    arguments = parser().parse_args()
    log_file = getattr(arguments, "log", None) if launch.is_lead() else None
    if log_file:
        log_file.parent.mkdir(parents=True, exist_ok=True)
    mode = "a" if launch.started_by_torchrun() else "w"  # the process that started this one began the file
    level = logging.INFO if launch.is_lead() else logging.ERROR
    logging.basicConfig(level=level, format="%(asctime)s %(message)s", filename=log_file, filemode=mode)
    try:
        if arguments.command in STAGES:
            sys.exit(run_stage(arguments))
        module_of(arguments.command).run(arguments)
    except (BadInput, CheckFailed, Interrupted, OutOfMemory) as error:
        logging.error("grunflow %s: %s", arguments.command, error)
        if log_file:
            print(f"grunflow {arguments.command}: {error}", file=sys.stderr)
        sys.exit(error.exit_status)
    except Exception:
        logging.exception("grunflow %s failed", arguments.command)
        raise


if __name__ == "__main__":
    main()
