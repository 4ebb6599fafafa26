"""A stage's arguments as rules write them: in the command itself, or in files where they are long.

A rule's command is one argument of the shell, and Linux takes no argument of more than 128 KiB: the aggregation of some 700
runs. The files lie in `.grunflow/`, named by their content, so that the command says what it was given.
"""

import hashlib
from pathlib import Path

from grunflow.config.job import Job
from grunflow.job import write_atomically

PLACE = Path(".grunflow")
LONGEST = 60_000  # bytes of a command, well below the limit: quoting, and Snakemake's own words, come on top


def spec_argument(job: Job) -> str:
    """The spec as JSON, or a file that holds it."""
    text = job.spec.model_dump_json()
    return _written("spec", ".json", text) if _is_long(job) else text


def input_arguments(job: Job) -> str:
    """`--input` and `--file` arguments; of many inputs a file with a line for each."""
    if not _is_long(job):
        return job.arguments
    lines = [f"{name}={folder}" for name, folders in job.inputs.items() for folder in folders]
    return " ".join([f"--input @{_written('inputs', '.txt', chr(10).join(lines))}", *job.file_arguments])


def _is_long(job: Job) -> bool:
    return len(job.spec.model_dump_json()) + len(job.arguments) > LONGEST


def _written(name: str, ending: str, text: str) -> str:
    path = PLACE / f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:16]}{ending}"
    if not path.is_file() or path.read_text() != text:
        PLACE.mkdir(exist_ok=True)
        write_atomically(path, text)
    return str(path)
