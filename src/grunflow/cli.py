"""The command line: one subcommand per stage, each `--spec --code --input ... --out`, and those of COMMANDS."""

import argparse
import importlib
import logging
import os
import sys
from types import ModuleType

from grunflow import __version__, launch, stage_arguments, stage_command
from grunflow.config.stages import stages
from grunflow.errors import BadInput, CheckFailed, Interrupted, OutOfMemory

# Of each the module grunflow.commands.<name>.
COMMANDS = {
    "jobs": "every job of a study: rule, folder, spec, inputs, files",
    "rehearse": "run a study's own rules in minutes, with random narrow models and made-up texts",
    "plan": "what a study will cost: jobs, GPUs, memory, disk, GPU-hours",
    "preflight": "ask the cluster whether it can meet what a profile and a study ask for",
    "status": "one screen of a study: done, running, stopped and why, GPU-hours",
    "recover": "cancel the SLURM jobs of a dead Snakemake and unlock the folder",
    "verify": "recheck every checksum under a folder, and the chain from a table to its data",
    "export": "one archive of a study's tables, figures, report, scores of single questions, manifests, config and lock file",
    "recompute": "every table and verdict once more from the scores of single questions, without a model",
    "accept": "say that an edit of the code changes no result: nothing runs again for it",
    "doctor": "whether this machine is fit for a study, and what to do where it is not",
    "ask": "one question to a run, its target and its retain model, side by side",
    "export-model": "a run's model as a folder for transformers, PEFT or pyvene, with its card; onto the hub on request",
    "lm-eval": "lm-eval's own command, which knows a run as --model grunflow --model_args run=FOLDER",
    "show": "a run's settings, scores and worst leaks; a study's verdicts",
    "compare": "two runs or two studies: settings that differ, paired differences with intervals",
    "init": "a study of your own from one that there is, cut down to what flags name",
    "why": "which stages would run again, why, and what that would cost",
    "prefetch": "bring a study's models and data from the hub into the cache, and pin their commits",
    "score-log": "metrics of a published TOFU evaluation log",
    "check-fixtures": "run the code on stored results of the authors' and peers' code",
}


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="grunflow", description="Stages of the GRUN study; snakemake calls them.")
    top.add_argument("--version", action="version", version=f"grunflow {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, stage in stages().items():
        text = (stage.__doc__ or "").strip().splitlines()[0]
        stage_arguments.add_arguments(commands.add_parser(name, help=text, description=text), stage)
    for command, text in COMMANDS.items():
        module_of(command).add_arguments(commands.add_parser(command, help=text, description=text))
    return top


def module_of(command: str) -> ModuleType:
    return importlib.import_module(f"grunflow.commands.{command.replace('-', '_')}")


def main() -> None:
    arguments = parser().parse_args()
    log_file = getattr(arguments, "log", None) if launch.is_lead() else None
    if log_file:
        log_file.parent.mkdir(parents=True, exist_ok=True)
    mode = "a" if launch.started_by_another() else "w"  # the process that started this one began the file
    level = logging.INFO if launch.is_lead() else logging.ERROR
    logging.basicConfig(level=level, format="%(asctime)s %(message)s", filename=log_file, filemode=mode)
    try:
        if arguments.command in stages():
            sys.exit(stage_command.run(stages()[arguments.command], arguments))
        module_of(arguments.command).run(arguments)
        sys.stdout.flush()
    except (BadInput, CheckFailed, Interrupted, OutOfMemory) as error:
        logging.error("grunflow %s: %s", arguments.command, error)
        if log_file:
            print(f"grunflow {arguments.command}: {error}", file=sys.stderr)
        sys.exit(error.exit_status)
    except BrokenPipeError:  # whoever read it, as `head`, has enough; what is still to be flushed goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        logging.exception("grunflow %s failed", arguments.command)
        if type(error).__name__ == "OutOfMemoryError":  # torch's: not imported for its name
            sys.exit(
                f"grunflow {arguments.command}: out of memory: {error}; take a larger GPU, or (of evaluations and frozen states) give --batch-size a smaller number"
            )
        raise


if __name__ == "__main__":
    main()
