"""The code digest of a stage: which source the stage's result depends on.

Snakemake does not track the modules a rule's command imports. The digest hashes the syntax trees (a comment
changes nothing) of `stages/<stage>.py` and of what it imports inside the package, transitively. Left out, as
they cannot change a result: the CLI, manifest writing, progress and this package's error texts.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
EXCLUDED = {"grunflow.cli", "grunflow.manifest", "grunflow.progress", "grunflow.errors"}


def _file_of(module: str) -> Path | None:
    base = PACKAGE.joinpath(*module.split(".")[1:])
    for candidate in (base.with_suffix(".py"), base / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


@cache
def _parsed(path: Path) -> tuple[str, frozenset[str]]:
    """Dump of the tree without docstrings, and the package modules it imports."""
    tree = ast.parse(path.read_text())
    imported: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names if alias.name.startswith("grunflow")}
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("grunflow"):
            # `from package import name`: the name may be a module or something a module holds.
            imported |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return ast.dump(tree), frozenset(imported)


def modules_of(stage: str) -> dict[str, Path]:
    """Module name -> file, for everything the stage's result depends on."""
    found: dict[str, Path] = {}
    waiting = [f"grunflow.stages.{stage}"]
    while waiting:
        module = waiting.pop()
        path = _file_of(module)
        if path is None or module in found or module in EXCLUDED:
            continue
        found[module] = path
        waiting += _parsed(path)[1]
        waiting.append(module.rpartition(".")[0])  # importing a module runs its package's __init__
    return found


@cache
def stage_digest(stage: str) -> str:
    """Sixteen hexadecimal digits over the modules of `stage`, in order of their names."""
    digest = hashlib.sha256()
    for module, path in sorted(modules_of(stage).items()):
        digest.update(f"{module}\0{_parsed(path)[0]}\0".encode())
    return digest.hexdigest()[:16]
