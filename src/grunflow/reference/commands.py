"""docs/commands.md: every subcommand with its arguments, as the command line's own parser knows them."""

import argparse
from collections.abc import Iterator

from grunflow.cli import COMMANDS, parser
from grunflow.config.stages import stages

HEAD = "| argument | default | meaning |\n| --- | --- | --- |"
SUBCOMMANDS = argparse._SubParsersAction


def commands() -> str:
    """The commands that people type, then the stages that Snakemake calls: what all stages take is told once."""
    found = subcommands()
    people = [_section(f"## `grunflow {name}`", text, rows(found[name])) for name, text in COMMANDS.items()]
    return "\n\n".join([*people, "## Stages", *_stages({name: rows(found[name]) for name in stages()})])


def subcommands() -> dict[str, argparse.ArgumentParser]:
    """Name -> its parser."""
    (of,) = (action for action in parser()._actions if isinstance(action, SUBCOMMANDS))
    return dict(of.choices)


def rows(command: argparse.ArgumentParser) -> list[str]:
    """A row of the table for each argument."""
    return [_row(action) for action in command._actions if not isinstance(action, argparse._HelpAction)]


def _stages(found: dict[str, list[str]]) -> Iterator[str]:
    shared = [row for row in next(iter(found.values())) if all(row in own for own in found.values())]
    yield "Snakemake calls them; by hand a job is the `command` of its manifest. All of them take:"
    yield _table(shared)
    for name, own in found.items():
        text = (stages()[name].__doc__ or "").strip().splitlines()[0]
        more = [row for row in own if row not in shared]
        yield _section(f"### `grunflow {name}`", text, more)


def _section(heading: str, text: str, arguments: list[str]) -> str:
    told = f"{heading}\n\n{_plain(text[:1].upper() + text[1:])}."
    return f"{told}\n\n{_table(arguments)}" if arguments else told


def _table(lines: list[str]) -> str:
    return "\n".join([HEAD, *lines])


def _row(action: argparse.Action) -> str:
    return f"| {_written(action)} | {_default(action)} | {_plain(action.help or '')} |"


def _written(action: argparse.Action) -> str:
    """How it is typed."""
    value = "" if action.nargs == 0 else _value(action)
    if not action.option_strings:
        return f"`{value}`"
    return ", ".join(f"`{f'{option} {value}'.strip()}`" for option in action.option_strings)


def _value(action: argparse.Action) -> str:
    if action.choices:
        return "{" + ",".join(map(str, action.choices)) + "}"
    name = action.metavar or (action.dest.upper() if action.option_strings else action.dest)
    text = " ".join(name) if isinstance(name, tuple) else name
    return f"{text} ..." if action.nargs in ("*", "+", argparse.REMAINDER) else text


def _default(action: argparse.Action) -> str:
    if action.required and action.nargs not in ("?", "*", argparse.REMAINDER):
        return "needed"
    empty = action.default in (None, False, [], argparse.SUPPRESS, "")
    return "" if empty else f"`{action.default}`"


def _plain(text: str) -> str:
    return text.replace("%%", "%").replace("|", "\\|").replace("<", "\\<")
