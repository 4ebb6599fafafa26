"""docs/files.md: every table, figure and folder of a study, from the listings that make them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from grunflow import stages
from grunflow.config.jobs import Job, all_jobs
from grunflow.config.reading import read_study
from grunflow.config.typed import read_yaml
from grunflow.reporting.entries import Entry
from grunflow.reporting.figures.listing import FIGURES
from grunflow.reporting.headings import words_of
from grunflow.reporting.tables.listing import TABLES

# Together they run every rule.
STUDIES = ("demo", "robustness")


def files() -> str:
    return "\n\n".join(
        [
            "## Tables",
            "Each `tables/<name>.csv`, `.md` and `.tex`; which of them a study has follows from its config.",
            _listing(TABLES),
            "## Figures",
            "Each `figures/<name>.pdf` and `.png`.",
            _listing(FIGURES),
            "## Folders",
            "A folder is written by one job of one rule, and is whole or absent. The examples are of "
            + " and ".join(f"`config/{name}.yaml`" for name in STUDIES)
            + "; `grunflow jobs --configfile FILE` lists a study's own.",
            "\n".join(_folders()),
        ]
    )


def _listing(entries: tuple[Entry, ...]) -> str:
    rows = [f"| `{entry.name.replace('{benchmark}', '<benchmark>')}` | {_words(entry)} |" for entry in entries]
    return "\n".join(["| name | what it shows |", "| --- | --- |", *rows])


def _words(entry: Entry) -> str:
    """What it is called in the report, and what its listing says of it."""
    name = words_of(entry.name.removeprefix("{benchmark}_"), {}).replace("<n>", "*n*")
    return entry.said if entry.said.startswith(name) else f"{name}. {entry.said}".strip()


def _folders() -> Iterator[str]:
    yield "| rule | such as | what its stage does |"
    yield "| --- | --- | --- |"
    for rule, job in first_of_each_rule().items():
        folder = re.sub(r"_[0-9a-f]{8}$", "_<digest>", job.folder)  # it changes with every setting of the frozen model
        yield f"| `{rule}` | `{folder}` | {_told(job.stage)} |"


def first_of_each_rule() -> dict[str, Job]:
    """Rule -> the first job of it that one of the shipped studies has."""
    found: dict[str, Job] = {}
    for name in STUDIES:
        for job in all_jobs(read_study(read_yaml(str(Path("config", f"{name}.yaml")), "--configfile"))):
            found.setdefault(job.rule, job)
    return found


def _told(stage: str) -> str:
    """The docstring of the stage's module, in one line; read, not imported: stages import torch."""
    text = ast.get_docstring(ast.parse((Path(stages.__file__).parent / f"{stage}.py").read_text())) or ""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "\\<")
