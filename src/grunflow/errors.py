"""The ways a command ends early, each with its exit status."""

import difflib
from collections.abc import Iterable


class BadInput(ValueError):
    """The user's input is wrong: printed as one line, exit status 2, nothing written."""

    exit_status = 2


class CheckFailed(RuntimeError):
    """A result failed its check (NaN, diverged): exit status 3."""

    exit_status = 3


class Interrupted(RuntimeError):
    """A signal ended the run after a checkpoint: run the same command again to go on; exit status 75."""

    exit_status = 75


class OutOfMemory(RuntimeError):
    """One row at a time does not fit the device either: exit status 1."""

    exit_status = 1


LONGEST = 80  # characters of a value in a message
NEAR = 0.6  # difflib's own: below it names have little in common


def shown(value: object) -> str:
    """A value as it stands in a message."""
    text = repr(value)
    return text if len(text) <= LONGEST else text[:LONGEST] + "..."


def not_utf8(error: UnicodeDecodeError) -> str:
    """Where a file is no UTF-8, and what to do about it."""
    content, at = error.object, error.start
    form = "UTF-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else f"byte {content[at]:#04x}"
    return f"line {content.count(10, 0, at) + 1}: not UTF-8 ({form}); save the file as UTF-8."


def unknown_name(kind: str, name: str, known: Iterable[str]) -> str:
    """One sentence for a name outside its table, with the nearest known one."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1, cutoff=NEAR)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"Unknown {kind} {name!r}.{hint} Available: {', '.join(known)}."
