"""Writes an exported run: the trained parts as its carrier saves them, bit for bit, tokenizer and model card."""

from pathlib import Path

from grunflow.errors import BadInput
from grunflow.exporting.base import base_of
from grunflow.exporting.card import Written, card
from grunflow.exporting.kinds import kind_of
from grunflow.exporting.prompt import put_form
from grunflow.loaded import Run, subject_of
from grunflow.manifest import read_manifest

CARD = "README.md"


def export(run: Run, to: Path, given_base: str | None = None) -> Written:
    """Write the model of a run into a new folder.

    Args:
        given_base: repository or path that adapters and edits are said to belong on, in place of what the run started from.

    Raises:
        BadInput: the folder is there and not empty, or no loader outside of grunflow knows such a run.
    """
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise BadInput(f"--to {to}: is there already; name a new folder.")
    kind, manifest = kind_of(run), read_manifest(run.folder)
    base = base_of(run, manifest["commits"], to, given_base)
    written = Written(run, manifest, kind, base)
    tokenizer, stack = subject_of(run)
    put_form(tokenizer, run.template)
    to.mkdir(parents=True, exist_ok=True)
    kind.write(stack, to, base)
    tokenizer.save_pretrained(to)
    (to / CARD).write_text(card(written))
    return written
