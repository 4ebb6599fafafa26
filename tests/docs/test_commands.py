"""What tests/docs/commands.py finds on the pages, and commands within the text: they name what the command line has."""

import re

import pytest

from grunflow.reference.commands import subcommands
from tests.docs.commands import PAGES, ROOT, TABLE, Command, commands

# Words that a shell command begins with; blocks of four blanks hold none, else no script would run them.
STARTS = r"(?:[A-Z_]+=\S+ )*(?:make|grunflow|snakemake|export|mkdir|pip|python|source|apptainer)\b"
# Names of tables with columns, or of a page's own words.
INLINE = re.compile(r"`grunflow ([a-z_-]+)((?: [^`]*)?)`")


def test_commands_stand_in_fenced_blocks_alone() -> None:
    for page in PAGES:
        text = re.sub(r"^```.*?^```$", "", (ROOT / page).read_text(), flags=re.M | re.S)
        assert re.findall(rf"^ {{4}}{STARTS}.*", text, re.M) == [], page


def test_every_row_of_the_table_serves_a_command() -> None:
    found = {command.how for page in PAGES for command in commands(page)}
    assert set(TABLE) <= found


@pytest.mark.parametrize(
    ("text", "run"),
    [
        ("FAULT_SEED=7 make faults  # other", "FAULT_SEED=7 make -n faults  # other"),
        ("grunflow why --configfile x", "grunflow why --configfile x"),
        ("snakemake --cache", "snakemake -n --quiet rules host reason --cache"),
        ("mkdir -p /shared/grunflow-cache", "mkdir -p shared/grunflow-cache"),
        ("pip-audit --requirement x", ""),
    ],
)
def test_what_is_long_is_run_dry(text: str, run: str) -> None:
    assert Command("page", text).run == run


def test_commands_within_the_text_are_there_with_their_flags() -> None:
    known = subcommands()
    for page in (*PAGES, "config/README.md"):
        for name, rest in INLINE.findall((ROOT / page).read_text()):
            assert name in known, f"{page}: grunflow {name}"
            flags = {flag for action in known[name]._actions for flag in action.option_strings}
            if name != "lm-eval":
                asked = re.findall(r"(?<!\S)--[a-z-]+", rest.partition(" -- ")[0])
                assert set(asked) <= flags, f"{page}: grunflow {name}{rest}"
