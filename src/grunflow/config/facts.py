"""What a part (an objective, a carrier, a condition, a probe) says of itself: module-level literals of its own file, read
without importing it, so that a config is checked and a job is planned without torch.

A part's name is its file's name; a folder is listed, never imported. A part outside the package is a path.
"""

import ast
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from grunflow.errors import BadInput, unknown_name

PACKAGE = Path(__file__).resolve().parent.parent


class Kind(NamedTuple):
    """A kind of part. folder: where the package's own lie. markers: of these each of their files defines or assigns one."""

    noun: str
    folder: str
    markers: tuple[str, ...]


OBJECTIVE = Kind("objective", "objectives", ("forget",))
CARRIER = Kind("carrier", "carriers", ("TRAINS",))
CONDITION = Kind("condition", "conditions", ("subject", "put"))
PROBE = Kind("probe", "evaluation/probes", ("probe",))
STREAM = Kind("stream", "training/streams", ("stream",))
BENCHMARK = Kind("benchmark", "benchmarks", ("declare",))


@cache
def _tree(path: Path, changed: float) -> ast.Module:
    try:
        return ast.parse(path.read_text())
    except SyntaxError as error:
        raise BadInput(f"{path} line {error.lineno}: not Python: {error.msg}; correct it.") from None


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError as error:
        raise BadInput(f"{path}: cannot read it: {error.strerror}; correct the path.") from None


def tree(path: Path) -> ast.Module:
    """The syntax tree of a file of Python."""
    return _tree(path, _changed(path))


def facts(path: Path) -> dict[str, Any]:
    """Name -> value of every module-level assignment of a literal."""
    return _facts(path, _changed(path))


@cache
def _facts(path: Path, changed: float) -> dict[str, Any]:
    found = {}
    for node in _tree(path, changed).body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    try:
                        found[target.id] = ast.literal_eval(node.value)
                    except ValueError:  # no literal: none of the file's facts
                        continue
    return found


def defined(path: Path) -> set[str]:
    """Names of the functions and literals of a module."""
    functions = {node.name for node in tree(path).body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    return functions | facts(path).keys()


def is_one(kind: Kind, path: Path) -> bool:
    """Whether a file defines what a part of this kind does."""
    return not defined(path).isdisjoint(kind.markers)


@cache
def _files(kind: Kind) -> dict[str, Path]:
    """The package does not change while a command reads it."""
    folder = PACKAGE / kind.folder
    plain = {path.stem: path for path in folder.glob("*.py") if not path.stem.startswith("_")}
    packages = {path.parent.name: path for path in folder.glob("*/declaration.py")}
    return {name: path for name, path in sorted((plain | packages).items()) if is_one(kind, path)}


def names(kind: Kind) -> tuple[str, ...]:
    """The package's own parts of a kind."""
    return tuple(_files(kind))


def file_of(kind: Kind, name: str) -> Path:
    """The file of one of the package's parts.

    Raises:
        BadInput: there is none of that name.
    """
    files = _files(kind)
    if name not in files:
        raise BadInput(unknown_name(kind.noun, name, files))
    return files[name]


@cache
def fact_of(kind: Kind, name: str, fact: str, default: Any) -> Any:
    """A fact of one of the package's own parts."""
    return facts(file_of(kind, name)).get(fact, default)


def module_of(kind: Kind, name: str) -> str:
    """The dotted name of one of the package's parts."""
    return f"grunflow.{kind.folder.replace('/', '.')}.{name}"
