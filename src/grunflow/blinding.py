"""Text without absolute paths and the user's home, for a supplement that is reviewed double-blind, and without tokens."""

import getpass
import json
import re
from pathlib import Path
from typing import Any

from grunflow.manifest import MANIFEST, digest_of

DATA = (".json", ".yaml", ".yml", ".csv", ".lock")  # a path in them is a value
PROSE = (".html", ".md", ".tex", ".py", ".txt")  # markup has slashes of its own: known places alone
# The folders of an absolute path, where a value starts or within a command.
FOLDERS = re.compile(r"""(?<![^\s'"=:,(\[{])(?:file://)?/(?:[^/\s'",()\[\]{}<>\\]+/)+""")
TOKEN = re.compile(r"\b(?:hf_[A-Za-z0-9]{20,}|gh[pousr]_[A-Za-z0-9]{20,}|sk-[A-Za-z0-9_-]{20,})\b")
SHORTEST = 3  # letters of a user's name that is looked for as a word; shorter ones are words of their own
COMMON = {"root", "user", "ubuntu", "admin"}


def user() -> str:
    """The user's name; empty where there is none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def blinded(name: str, content: bytes) -> bytes:
    """A file of the archive; what is no text stays. A manifest gets its checksum anew."""
    suffix = Path(name).suffix
    if suffix not in DATA + PROSE:
        return content
    text = content.decode("utf-8", "surrogateescape")
    if Path(name).name == MANIFEST:
        return _manifest(text).encode()
    return blinded_text(text, suffix in DATA).encode("utf-8", "surrogateescape")


def blinded_text(text: str, values: bool) -> str:
    """values: every absolute path loses its folders; else only those below the working directory and a home do."""
    for place in (f"{Path.cwd()}/", f"{Path(__file__).parents[2]}/"):
        text = text.replace(place, "")
    if values:
        text = FOLDERS.sub("", text)
    text = re.sub(r"(?:/[\w.-]+)*/(?:home|Users)/[\w.-]+(?=/)", "~", text)
    if str(Path.home()) != "/":
        text = text.replace(f"{Path.home()}/", "~/")
    if user():
        text = re.sub(rf"(?:/[\w.-]+)*/{re.escape(user())}(?=/)", "~", text)
    return TOKEN.sub("<token>", text)


def _manifest(text: str) -> str:
    content = _values(json.loads(text))
    if content.pop("checksum", None):
        content["checksum"] = digest_of(content)
    return json.dumps(content, indent=1, sort_keys=True)


def _values(node: Any) -> Any:
    if isinstance(node, dict):
        return {blinded_text(key, True): _values(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_values(item) for item in node]
    return blinded_text(node, True) if isinstance(node, str) else node


def names_user(content: bytes) -> bool:
    """Whether the user's name is left in it, as a word."""
    name = user()
    if len(name) < SHORTEST or name in COMMON:
        return False
    return re.search(rb"(?i)(?<![a-z])" + re.escape(name.encode()) + rb"(?![a-z])", content) is not None
