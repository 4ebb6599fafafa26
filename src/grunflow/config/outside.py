"""Methods of the user's own, in files outside the package: how a spec names one, and how a stage loads it.

A spec holds the digest of such a file's syntax tree, never its path; the command gets the path by --file.
"""

import ast
import hashlib
import importlib.util
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from grunflow.config.facts import Kind, facts, module_of, tree
from grunflow.config.parts import RETAIN_TERMS, Part
from grunflow.errors import BadInput

# Facts of such a file -> the words that they may be; SEVERAL holds some of them.
SEVERAL = "READS"
WORDS = {
    SEVERAL: ("answers", "refusals"),
    "REFERENCE": ("", "nll", "logits"),
    "RETAIN": RETAIN_TERMS,
    "TRAINS": ("weights", "adapters", "edits"),
}


def check_facts(path: Path, where: str) -> None:
    """What the file says of itself can be understood; the package's own files are held to it by tests.

    Raises:
        BadInput: it is no .py file, imports what lies beside it, or a fact is of another form.
    """
    if path.suffix != ".py":
        raise BadInput(f"{where}: got {str(path)!r}, expected a file that ends in .py.")
    if not path.is_file():
        raise BadInput(f"{where}: no file {str(path)!r}. Run from the repository's root, or correct the path.")
    if any(isinstance(node, ast.ImportFrom) and node.level for node in ast.walk(tree(path))):
        raise BadInput(f"{where}: {path}: imports a module beside it, and a method is one file; put it all in there.")
    found = facts(path)
    for name in ("PARAMETERS", "LIMITS"):
        if not isinstance(found.get(name, {}), dict):
            raise BadInput(f"{where}: {path}: {name} is {found[name]!r}, expected a dict, name -> value.")
    for name, words in WORDS.items():
        several = found.get(name, words[:1]) if name == SEVERAL else (found.get(name, words[0]),)
        if not isinstance(several, tuple | list) or not several or not all(item in words for item in several):
            told = "a tuple of some of" if name == SEVERAL else "one of"
            raise BadInput(
                f"{where}: {path}: {name} is {found[name]!r}, expected {told} {', '.join(map(repr, words))}."
            )


def stripped(parsed: ast.Module) -> ast.Module:
    """The tree without docstrings and the sentences about a part's keys (MEANINGS), which change nothing."""
    parsed.body = [node for node in parsed.body if not _is_meanings(node)]
    for node in ast.walk(parsed):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return parsed


def _is_meanings(node: ast.stmt) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else []
    return any(isinstance(target, ast.Name) and target.id == "MEANINGS" for target in targets)


def digest_of_file(path: Path) -> str:
    """Sixteen hexadecimal digits over the syntax tree: a comment or a docstring changes nothing."""
    tree(path)  # says in one line what is wrong with the file
    return hashlib.sha256(ast.dump(stripped(ast.parse(path.read_text()))).encode()).hexdigest()[:16]


def file_with(digest: str, files: Iterable[Path], name: str) -> Path:
    """The file of that digest among those that a command was given.

    Raises:
        BadInput: none of them is it.
    """
    given = [path for path in files if path.suffix == ".py"]
    for path in given:
        if digest_of_file(path) == digest:
            return path
    told = ", ".join(map(str, given)) or "none"
    raise BadInput(
        f"--file: {name} is a method of digest {digest}; of the files given ({told}) none is it. Run snakemake again."
    )


def load(kind: Kind, part: Part, files: Iterable[Path] = ()) -> ModuleType:
    """The module of a part: the package's own, or the file of its digest. No module beside that file is imported."""
    if not part.file:
        return importlib.import_module(module_of(kind, part.kind))
    path = file_with(part.file, files, part.name)
    made = importlib.util.spec_from_file_location(f"grunflow_outside_{part.file}", path)
    assert made is not None, "a path that ends in .py has a loader"
    assert made.loader is not None
    module = importlib.util.module_from_spec(made)
    made.loader.exec_module(module)
    return module
