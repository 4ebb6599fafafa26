"""The code digest of a stage: which source the stage's result depends on.

Snakemake does not track the modules a rule's command imports. The digest hashes the syntax trees (a comment
changes nothing) of `stages/<stage>.py` and of what it imports inside the package, transitively. Left out, as
they cannot change a result: the CLI, manifests and provenance, progress, the job's folder, this package's error texts,
the closed forms by which FLOPs are counted (a mended formula is not to train anything again), and the classes of specs.
A spec stands in the job's params with every default filled in, so what its class says beyond the values is a check;
a new key then reruns the stages whose specs hold it, and a wider range none. A test keeps those classes free of code.
"""

import ast
import hashlib
import json
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
SPEC_MODULES = ("grunflow.config", "grunflow.config.specs", "grunflow.config.wmdp")
MEASURING = (
    "grunflow.manifest",
    "grunflow.provenance",
    "grunflow.progress",
    "grunflow.job",
    "grunflow.costs",
    "grunflow.costs.flops",
    "grunflow.costs.shapes",
)
EXCLUDED = {"grunflow.cli", "grunflow.errors", *MEASURING, *SPEC_MODULES}


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


def _source(path: Path) -> bytes:
    """The module's tree, and the files beside it that bear its name (page.html belongs to page.py)."""
    beside = sorted(other for other in path.parent.glob(f"{path.stem}.*") if other.suffix != ".py")
    return b"\0".join([_parsed(path)[0].encode(), *(other.read_bytes() for other in beside)])


@cache
def module_digests(stage: str) -> dict[str, str]:
    """Module name -> sixteen hexadecimal digits over its source, for every module of `stage`."""
    return {
        module: hashlib.sha256(_source(path)).hexdigest()[:16] for module, path in sorted(modules_of(stage).items())
    }


@cache
def stage_digest(stage: str) -> str:
    """Sixteen hexadecimal digits over the digests of the modules of `stage`, in order of their names."""
    return hashlib.sha256(json.dumps(module_digests(stage)).encode()).hexdigest()[:16]
