"""The code digest of a job: which source its result depends on.

Snakemake does not track the modules a rule's command imports. The digest hashes the syntax trees (a comment or docstring
changes nothing) of `stages/<stage>.py`, of the parts that the job's spec names (its benchmark, objective, carriers, stream,
probes, condition; stages load them by name, so that no sibling of theirs is met), and of what these import inside the package,
transitively. A method's file outside the package is digested the same way.

Left out, as they cannot change a result: the command line, manifests and provenance, progress, the job's folder, this
package's error texts, the closed forms by which FLOPs are counted (a mended formula is not to train anything again), how parts
are found by name, and the classes of specs. A spec stands in the job's params with every default filled in, so what its class
says beyond the values is a check; a new key then reruns the stages whose specs hold it, and a wider range none.
"""

import ast
import hashlib
import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from grunflow.config.benchmarks import DECLARATION, BenchmarkSpec, benchmark_module
from grunflow.config.facts import CARRIER, CONDITION, OBJECTIVE, PACKAGE, PROBE, STREAM, module_of
from grunflow.config.outside import stripped
from grunflow.config.parts import CarrierSpec, ConditionSpec, ObjectiveSpec
from grunflow.config.sets import Paired, ProbeSpec, Turns
from grunflow.config.stage import Stage

SPEC_MODULES = tuple(
    f"grunflow.config{name}"
    for name in ("", ".base", ".benchmarks", ".chat", ".models", ".parts", ".sets", ".shown_specs", ".specs", ".stage")
)
FINDING = ("grunflow.config.facts", "grunflow.config.outside")
MEASURING = tuple(
    f"grunflow.{name}" for name in ("failures", "job", "manifest", "progress", "provenance", "submission")
)
COSTS = ("grunflow.costs", "grunflow.costs.flops", "grunflow.costs.memory", "grunflow.costs.shapes")
EXCLUDED = {"grunflow", "grunflow.cli", "grunflow.errors", *SPEC_MODULES, *FINDING, *MEASURING, *COSTS}
# What a spec may hold -> the kind of part that its `kind` names.
KINDS = {
    ObjectiveSpec: OBJECTIVE, CarrierSpec: CARRIER, ConditionSpec: CONDITION, ProbeSpec: PROBE, Paired: STREAM, Turns: STREAM,
}  # fmt: skip


def parts_of(value: Any, benchmark: str = DECLARATION) -> Iterator[str]:
    """Modules of the parts that a spec names; those of files outside the package are no modules. benchmark: which part of a
    benchmark's code the stage runs."""
    if isinstance(value, list | tuple):
        for item in value:
            yield from parts_of(item, benchmark)
    elif isinstance(value, BenchmarkSpec):
        yield benchmark_module(value.kind, benchmark)
    elif isinstance(value, BaseModel):
        kind = KINDS.get(type(value))  # type: ignore[arg-type]
        if kind is not None and value.kind:  # type: ignore[attr-defined]
            yield module_of(kind, value.kind)  # type: ignore[attr-defined]
        for name in type(value).model_fields:
            yield from parts_of(getattr(value, name), benchmark)


@cache
def _file_of(module: str) -> Path | None:
    base = PACKAGE.joinpath(*module.split(".")[1:])
    for candidate in (base.with_suffix(".py"), base / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


@cache
def _parsed(path: Path, module: str) -> tuple[str, frozenset[str]]:
    """Dump of the tree without docstrings, and the package modules it imports."""
    tree = ast.parse(path.read_text())
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    imported: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - (node.level - 1)] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            # `from package import name`: the name may be a module or something a module holds.
            imported |= {origin, *(f"{origin}.{alias.name}" for alias in node.names)}
    own = frozenset(name for name in imported if name.split(".")[0] == "grunflow")
    return ast.dump(stripped(tree)), own


def _walk(roots: Iterable[tuple[str, Path | None]]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    waiting = list(roots)
    while waiting:
        module, path = waiting.pop()
        path = path or _file_of(module)
        if path is None or module in found or module in EXCLUDED:
            continue
        found[module] = path
        waiting += [(name, None) for name in _parsed(path, module)[1]]
        if "." in module:
            waiting.append((module.rpartition(".")[0], None))  # importing a module runs its package's __init__
    return found


def modules_of(spec: Stage, methods: Iterable[str | Path] = ()) -> dict[str, Path]:
    """Module name (of a method's file outside the package its name) -> file, for all that the job's result depends on."""
    return _walk(_roots(spec, methods))


def _roots(spec: Stage, methods: Iterable[str | Path]) -> tuple[tuple[str, Path | None], ...]:
    own = dict.fromkeys([f"grunflow.stages.{spec.name}", *parts_of(spec, spec.runs_of_benchmark)])
    outside = sorted({Path(path).name: Path(path) for path in methods}.items())
    return (*((name, None) for name in own), *outside)


def _source(path: Path, module: str) -> bytes:
    """The module's tree, and the package's data files that bear its name (page.html belongs to page.py)."""
    beside = [path.with_suffix(end) for end in (".html", ".css", ".js")] if path.is_relative_to(PACKAGE) else []
    return b"\0".join([_parsed(path, module)[0].encode(), *(other.read_bytes() for other in beside if other.is_file())])


@cache
def _digests(roots: tuple[tuple[str, Path | None], ...]) -> dict[str, str]:
    return {
        module: hashlib.sha256(_source(path, module)).hexdigest()[:16] for module, path in sorted(_walk(roots).items())
    }


def module_digests(spec: Stage, methods: Iterable[str | Path] = ()) -> dict[str, str]:
    """Module name -> sixteen hexadecimal digits over its source, for every module that the job depends on."""
    return _digests(_roots(spec, methods))


@cache
def _whole(roots: tuple[tuple[str, Path | None], ...]) -> str:
    return hashlib.sha256(json.dumps(_digests(roots)).encode()).hexdigest()[:16]


def stage_digest(spec: Stage, methods: Iterable[str | Path] = ()) -> str:
    """Sixteen hexadecimal digits over the digests of the job's modules, in order of their names."""
    return _whole(_roots(spec, methods))


def reread() -> None:
    """Forget what was read of the sources: the next digest is of what lies there then."""
    for known in (_file_of, _parsed, _digests, _whole):
        known.cache_clear()
