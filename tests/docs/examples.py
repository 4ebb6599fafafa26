"""The examples of docs/extending.md, as they stand there, put into a copy of the work tree."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.workflow.small_study import ROOT

PAGE = ROOT / "docs" / "extending.md"
BLOCK = re.compile(r'^```(?P<kind>\w+) title="(?P<title>[^"]+)"\n(?P<text>.*?)^```$', re.M | re.S)
STUDY = "study.yaml"


class Example(NamedTuple):
    """kind: python, yaml, diff. place: a file below the package, one beside the study, or one with where in it."""

    kind: str
    place: str
    text: str

    @property
    def name(self) -> str:
        """The file without where in it."""
        return self.place.partition(", ")[0]

    @property
    def is_new_file(self) -> bool:
        return self.kind == "python" and self.place == self.name

    def file(self, folder: Path) -> Path:
        return folder / "src" / "grunflow" / self.name if "/" in self.name else folder / self.name


def page() -> str:
    return PAGE.read_text()


def examples(section: str) -> list[Example]:
    """The blocks below a heading of the page."""
    text = page().partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    assert text, f"docs/extending.md has no section {section!r}"
    return [Example(found["kind"], found["title"], found["text"]) for found in BLOCK.finditer(text)]


def new_files(section: str) -> list[Example]:
    return [example for example in examples(section) if example.is_new_file]


def apply(folder: Path, *sections: str) -> None:
    """Do what these sections say: write their files, add their lines, set their keys of the study."""
    for example in (example for section in sections for example in examples(section)):
        path = example.file(folder)
        known = path.read_text() if path.is_file() else ""
        path.write_text(_with(example, known))


def _with(example: Example, known: str) -> str:
    where = example.place.partition(", ")[2]
    if example.kind == "yaml":
        return yaml.safe_dump(merged(yaml.safe_load(known), yaml.safe_load(example.text)), sort_keys=False)
    if example.kind == "diff":
        return _replaced(example, known)
    if where.startswith("in "):
        return _inserted(known, where.removeprefix("in "), example)
    assert bool(known) == (where == "at the end"), f"{example.place} is there already, or is not"
    return f"{known}\n\n{example.text}" if known else example.text


def merged(study: Any, more: Any) -> Any:
    """Lists grow, mappings are merged, other values are replaced."""
    if isinstance(study, dict) and isinstance(more, dict):
        return study | {key: merged(study[key], value) if key in study else value for key, value in more.items()}
    return study + more if isinstance(study, list) and isinstance(more, list) else more


def _inserted(known: str, name: str, example: Example) -> str:
    """Rows at the end of the literal that is assigned to `name`."""
    found = re.search(rf"^{name}\b.* = [({{]\n(?:.*\n)*?(?=[)}}])", known, re.M)
    assert found, f"{example.name} assigns no {name}"
    return known[: found.end()] + example.text + known[found.end() :]


def _replaced(example: Example, known: str) -> str:
    for old, new in _changes(example.text.splitlines()):
        assert known.count(old) == 1, f"{example.name} holds no line {old!r}"
        known = known.replace(old, new)
    return known


def _changes(lines: list[str]) -> Iterator[tuple[str, str]]:
    """(line that goes, line that comes) of a diff."""
    return zip(
        (line[1:] for line in lines if line[0] == "-"), (line[1:] for line in lines if line[0] == "+"), strict=True
    )
