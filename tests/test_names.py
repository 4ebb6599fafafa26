"""Rules of the house over the syntax tree of src/grunflow: where names of parts may stand, imports, lengths of functions."""

import ast
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path

import pytest

from grunflow.config import facts
from grunflow.config.stages import stages

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "grunflow"
LONGEST_FUNCTION = 50
# Inputs of these names hold what the stages wrote.
INPUTS = ("tables", "figures", "claims")
# Retain terms share words with objectives: they are functions of retain.py, and a key's values.
RETAIN_TERMS = ("none", "nll", "kl", "match")


@cache
def trees() -> dict[Path, ast.Module]:
    return {path.relative_to(SOURCE): ast.parse(path.read_text()) for path in sorted(SOURCE.rglob("*.py"))}


def told(node: ast.AST) -> Iterator[ast.Constant]:
    """Literals that decide something: compared, keyed, matched, subscripts, elements of a tuple, list or set."""
    parts: list[ast.AST | None] = []
    if isinstance(node, ast.Compare):
        parts = [node.left, *node.comparators]
    elif isinstance(node, ast.Dict):
        parts = list(node.keys)
    elif isinstance(node, ast.MatchValue):
        parts = [node.value]
    elif isinstance(node, ast.Subscript):
        parts = [node.slice]
    elif isinstance(node, ast.Tuple | ast.List | ast.Set):
        parts = list(node.elts)
    yield from (part for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str))


def may_hold(path: Path, name: str, kind: facts.Kind) -> bool:
    """Whether `name` may decide something in this file: its own file or folder, fixtures."""
    own = Path(kind.folder) / name
    if path == own.with_suffix(".py") or own in path.parents or path.parts[0] == "fixtures":
        return True
    # The same words: retain terms; TOFU's split of all its rows.
    terms = (Path("objectives/retain.py"), Path("config/parts.py"))
    return (name in RETAIN_TERMS and path in terms) or (name == "full" and Path("benchmarks/tofu") in path.parents)


@pytest.mark.parametrize("kind", [facts.OBJECTIVE, facts.CARRIER, facts.BENCHMARK], ids=lambda kind: kind.noun)
def test_a_parts_name_decides_something_in_its_own_file_alone(kind: facts.Kind) -> None:
    known = set(facts.names(kind))
    assert known
    found = [
        f"{path}:{literal.lineno}: {literal.value!r}"
        for path, tree in trees().items()
        for node in ast.walk(tree)
        for literal in told(node)
        if literal.value in known and not may_hold(path, literal.value, kind)
    ]
    assert not found, "\n".join(found)


def keys_in(tree: ast.AST) -> set[int]:
    """Ids of literals that are keys: of a dict, a subscript, or what `in` or `get` looks up."""
    found: list[ast.AST | None] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            found += node.keys
        elif isinstance(node, ast.Subscript):
            found.append(node.slice)
        elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In):
            found.append(node.left)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
            found += node.args[:1]
    return {id(node) for node in found}


def test_a_stages_name_stands_in_at_most_three_files() -> None:
    places: dict[str, set[str]] = {name: set() for name in stages()}
    for path, tree in trees().items():
        keys = keys_in(tree)
        for node in ast.walk(tree):
            named = isinstance(node, ast.Constant) and node.value in places
            if named and not (node.value in INPUTS and id(node) in keys):
                places[node.value].add(str(path))
    for path in (ROOT / "workflow").rglob("*.smk"):
        text = path.read_text()
        for name, found in places.items():
            if f"grunflow {name} " in text or f'"{name}"' in text:
                found.add(str(path.relative_to(ROOT)))
    several = [f"{name}: {', '.join(sorted(found))}" for name, found in places.items() if len(found) > 3]
    assert not several, "\n".join(several)


def imports(tree: ast.AST, path: Path, deep: bool, known: Collection[str]) -> Iterator[str]:
    """Modules of the package that a module imports; deep: inside functions, too. Those for type checkers alone do not run."""
    waiting = list(ast.iter_child_nodes(tree))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) and not deep:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}:{node.lineno}: a relative import"
            # `from package import name`: a module of the package, or something that its __init__ holds.
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in known else node.module or "" for name in whole)
        waiting += ast.iter_child_nodes(node)


def module_name(path: Path) -> str:
    return ".".join(("grunflow", *path.with_suffix("").parts)).removesuffix(".__init__")


def graph(deep: bool) -> dict[str, set[str]]:
    known = {module_name(path): (path, tree) for path, tree in trees().items()}
    return {
        name: {other for other in imports(tree, path, deep, known) if other in known and other != name}
        for name, (path, tree) in known.items()
    }


def cycles(edges: dict[str, set[str]]) -> list[list[str]]:
    """Sets of modules that import each other (Tarjan's strongly connected components of two and more)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in edges[name]:
            if other not in index:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], index[other])
        if low[name] == index[name]:
            at = stack.index(name)
            part = stack[at:]
            del stack[at:]
            if len(part) > 1:
                found.append(sorted(part))

    for name in edges:
        if name not in index:
            visit(name)
    return found


@pytest.mark.parametrize("deep", [False, True], ids=["when they are loaded", "inside functions too"])
def test_no_modules_import_each_other(deep: bool) -> None:
    found = [" ".join(part) for part in cycles(graph(deep))]
    assert not found, "\n".join(found)


def test_cycles_are_found() -> None:
    assert cycles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]


def test_no_function_is_long() -> None:
    found = [
        f"{path}:{node.lineno}: {node.name} has {node.end_lineno - node.lineno + 1} lines"
        for path, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert not found, "\n".join(found)


def test_folders_of_parts_hold_no_code_that_would_load_them_all() -> None:
    for kind in (facts.OBJECTIVE, facts.CARRIER, facts.CONDITION, facts.PROBE, facts.STREAM, facts.BENCHMARK):
        assert (SOURCE / kind.folder / "__init__.py").read_text().strip() == "", kind.folder
