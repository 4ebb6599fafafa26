"""grunflow rehearse: run a study's own rules in minutes, with random narrow models and made-up texts, before a GPU-hour is spent."""

import argparse
import os
import shlex
import shutil
import sys
from pathlib import Path

from grunflow.errors import BadInput

PLACE = Path(".grunflow")  # what is made up lies there, out of what `grunflow verify` looks at
PROFILE = Path("workflow/profiles/default")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--configfile", type=Path, required=True, help="the study's config, as given to snakemake")
    parser.add_argument("--whole", action="store_true", help="every seed, cell and condition, not one of each kind")
    parser.add_argument(
        "--workflow-profile", type=Path, default=PROFILE, help=f"as for snakemake ({PROFILE}); workflow/profiles/slurm"
    )
    parser.add_argument("--write-only", action="store_true", help="write the rehearsal and its call, and run nothing")
    parser.add_argument("snakemake", nargs="*", help="after --: more arguments of snakemake, as -n")


def run(arguments: argparse.Namespace) -> None:
    """Write the rehearsal's config, models and texts, say what they replace, and call snakemake on them as a user would.

    Raises:
        BadInput: the study is itself a rehearsal, something of it can neither be found nor be made up, or no snakemake is there.
    """
    from grunflow.rehearsal.hub import environment
    from grunflow.rehearsal.writing import write

    config, home, told = write(arguments.configfile, PLACE, arguments.whole)
    for line in told:
        print(line)
    own = environment(home)
    # --configfile takes several: goals among the arguments may not follow it.
    call = [*_program(), "--configfile", str(config), "--workflow-profile", str(arguments.workflow_profile)]
    call += arguments.snakemake
    print(shlex.join([*(f"{name}={value}" for name, value in own.items()), *call]), flush=True)
    if not arguments.write_only:
        # This process becomes snakemake: signals and the exit status are its own. A cache between workflows is for results.
        kept = {name: value for name, value in os.environ.items() if name != "SNAKEMAKE_OUTPUT_CACHE"}
        os.execve(call[0], call, kept | own)


def _program() -> list[str]:
    """The Snakemake beside this Python, or the first on the path."""
    beside = Path(sys.executable).with_name("snakemake")
    found = str(beside) if beside.is_file() else shutil.which("snakemake")
    if found is None:
        raise BadInput("no snakemake here; give the command where the workflow is run, or --write-only.")
    return [found]
