"""Pages that follow from the code are what the command writes, and hold every command, table, figure and rule."""

import argparse
import json
import re
import subprocess
import sys
from difflib import unified_diff
from pathlib import Path

import pytest

from grunflow.cli import COMMANDS
from grunflow.config.stages import stages
from grunflow.reference import __main__ as reference
from grunflow.reference.commands import rows
from grunflow.reference.files import first_of_each_rule
from grunflow.reporting.figures.listing import FIGURES
from grunflow.reporting.glossary import TERMS
from grunflow.reporting.tables.listing import TABLES

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """Written by the command itself, in a process that has no torch."""
    code = (
        "import json, sys; from grunflow.reference.__main__ import written;"
        "print(json.dumps({str(path): text for path, text in written().items()})); sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_the_pages_are_what_the_command_writes(pages) -> None:
    for name, text in pages.items():
        here = (ROOT / name).read_text()
        lines = unified_diff(here.splitlines(), text.splitlines(), name, "what the code says", lineterm="", n=1)
        assert here == text, "\n".join([f"Run `{reference.COMMAND}`:", *lines])


def test_every_command_has_its_section(pages) -> None:
    headings = re.findall(r"^###? `grunflow (\S+)`$", pages["docs/commands.md"], re.M)
    assert headings == [*COMMANDS, *stages()]


def test_every_table_figure_and_rule_is_there(pages) -> None:
    text = pages["docs/files.md"].partition(reference.START)[2]
    names = re.findall(r"^\| `([^`]+)` \|", text, re.M)
    listed = [entry.name.replace("{benchmark}", "<benchmark>") for entry in (*TABLES, *FIGURES)]
    assert names[: len(listed)] == listed
    rules = {found for file in (ROOT / "workflow" / "rules").glob("*.smk")
             for found in re.findall(r"^(?:rule|use rule \w+ as) (\w+):", file.read_text(), re.M)}  # fmt: skip
    assert set(first_of_each_rule()) >= rules - {"unlearn_and_discard"}  # of studies that keep less


def test_every_word_of_the_report_is_explained(pages) -> None:
    for term in TERMS:
        assert f"| {term.name} | " in pages["docs/reading.md"]


def test_an_argument_is_written_as_it_is_typed() -> None:
    made = argparse.ArgumentParser()
    made.add_argument("run", help="a <run>")
    made.add_argument("more", nargs="*")
    made.add_argument("--to", required=True, metavar="DIR")
    made.add_argument("--form", choices=("csv", "md"), default="md", help="100 %% | less")
    made.add_argument("--json", action="store_true")
    assert rows(made) == [
        "| `run` | needed | a \\<run> |",
        "| `more ...` |  |  |",
        "| `--to DIR` | needed |  |",
        "| `--form {csv,md}` | `md` | 100 % \\| less |",
        "| `--json` |  |  |",
    ]
