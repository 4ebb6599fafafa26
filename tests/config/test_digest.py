"""What a job's digest depends on, and what it does not."""

import ast
import json
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import yaml

from grunflow.config import facts
from grunflow.config.digest import SPEC_MODULES, _file_of, _parsed, module_digests, modules_of, stage_digest
from grunflow.config.job import Job
from grunflow.config.jobs import all_jobs
from grunflow.config.reading import read_study
from grunflow.config.stages import stages

ROOT = Path(__file__).parents[2]
KINDS = (facts.OBJECTIVE, facts.CARRIER, facts.CONDITION, facts.PROBE, facts.STREAM, facts.BENCHMARK)
# Modules of those folders that are no parts: every part of the kind may import them.
SHARED = {
    "objectives": {"loading", "gate", "scores", "states", "retain"},
    "carriers": {"base", "stack", "chain", "representation", "summed"},
    "training/streams": {"base"},
    "benchmarks": {"base", "loading"},
}


@cache
def jobs() -> dict[str, Job]:
    study = read_study(yaml.safe_load((ROOT / "config" / "demo.yaml").read_text()))
    return {job.folder.removeprefix("results/demo/"): job for job in all_jobs(study)}


@pytest.fixture(autouse=True)
def in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def modules(folder: str) -> set[str]:
    return set(modules_of(jobs()[folder].spec))


def parts(folder: str, kind: facts.Kind) -> set[str]:
    """Parts of a kind that a job's digest covers."""
    package = f"grunflow.{kind.folder.replace('/', '.')}."
    found = {name.removeprefix(package).split(".")[0] for name in modules(folder) if name.startswith(package)}
    return found - SHARED.get(kind.folder, set())


@pytest.mark.parametrize(
    ("folder", "wanted"),
    [
        ("tofu/runs/tiny/forget10/npo_grun_t0_u0", (["npo"], ["grun"], [], ["answers"], ["paired"], [])),
        ("tofu/runs/tiny/forget10/gd_full_t0_u0", (["gd"], ["full"], [], ["answers"], ["paired"], [])),
        ("wmdp/runs/tiny-wmdp/rmu_lora_u0", (["rmu"], ["lora"], [], [], ["turns"], [])),
        (
            "tofu/scores/tiny/forget10/npo_lora_t0_u0/plain",
            ([], ["lora"], ["plain"], ["answers", "membership"], [], []),
        ),
        ("tofu/scores/tiny/forget10/retain_t0/plain", ([], [], ["plain"], ["answers", "membership"], [], [])),
        ("wmdp/scores/tiny-wmdp/rmu_grun_u0/plain", ([], ["grun"], ["plain"], ["choice"], [], [])),
        ("tofu/runs/tiny/base", ([], [], [], [], [], [])),
        ("tofu/data", ([], [], [], [], [], ["tofu"])),
        ("wmdp/data", ([], [], [], [], [], ["wmdp"])),
        ("wmdp/metrics", ([], [], [], [], [], ["wmdp"])),
    ],
)
def test_of_parts_it_covers_those_that_the_spec_names(folder: str, wanted: tuple[list[str], ...]) -> None:
    assert {kind.noun: sorted(parts(folder, kind)) for kind in KINDS} == {
        kind.noun: names for kind, names in zip(KINDS, wanted, strict=True)
    }


def test_training_does_not_depend_on_reporting_and_tables_need_no_torch() -> None:
    assert not [name for name in modules("tofu/runs/tiny/forget10/npo_grun_t0_u0") if ".reporting" in name]
    assert "grunflow.data.prompts" in modules("tofu/scores/tiny/forget10/retain_t0/plain")
    for folder in ("tofu/metrics", "wmdp/metrics", "tables", "figures", "claims", "report"):
        for path in modules_of(jobs()[folder].spec).values():
            assert "import torch" not in path.read_text(), f"{folder}: {path}"


def test_preparing_data_does_not_depend_on_metrics_nor_a_stage_on_another() -> None:
    assert not [name for name in modules("tofu/data") if name.endswith(".metrics") or ".evaluation" in name]
    for folder, job in jobs().items():
        own = {name for name in modules(folder) if name.startswith("grunflow.stages.")}
        assert own == {f"grunflow.stages.{job.stage}"}, folder


def test_classes_of_specs_hold_no_code_that_a_stage_runs() -> None:
    """They are left out of the digest: what a stage does may depend on their values only."""
    allowed = {
        "get",
        "edits_from",
        "name",
        "rule",
        "prepared",
        "stages",
        "__getattr__",
        "_numbers_are_numbers",
        "benchmark_module",
        "_lists_are_tuples",
    }
    for module in SPEC_MODULES:
        path = _file_of(module)
        assert path is not None
        functions = {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}
        assert functions <= allowed, module


def test_the_digest_of_a_job_follows_from_those_of_its_modules() -> None:
    spec = jobs()["tofu/runs/tiny/forget10/npo_grun_t0_u0"].spec
    assert set(module_digests(spec)) == set(modules_of(spec))
    assert len({stage_digest(job.spec) for job in jobs().values()}) >= len(stages())
    assert stage_digest(spec) == stage_digest(jobs()["tofu/runs/tiny/forget10/npo_grun_t1_u1"].spec)


def test_a_comment_or_docstring_changes_nothing_and_a_number_does(tmp_path: Path) -> None:
    trees = []
    for name, text in (
        ("a", "x = 1\n"),
        ("b", "# why\nx = 1\n"),
        ("c", '"""What."""\nx = 1\n'),
        ("d", "x = 2\n"),
    ):
        path = tmp_path / f"{name}.py"
        path.write_text(text)
        trees.append(_parsed(path, name)[0])
    assert trees[0] == trees[1] == trees[2]
    assert trees[0] != trees[3]


def test_relative_imports_are_followed(tmp_path: Path) -> None:
    (tmp_path / "part.py").write_text("from . import nll\nfrom .retain import kl\nfrom ..data.prompts import encode\n")
    found = _parsed(tmp_path / "part.py", "grunflow.objectives.part")[1]
    assert {"grunflow.objectives.nll", "grunflow.objectives.retain", "grunflow.data.prompts"} <= found
    (tmp_path / "__init__.py").write_text("from .base import Stream\n")
    assert "grunflow.training.streams.base" in _parsed(tmp_path / "__init__.py", "grunflow.training.streams")[1]


DIGESTS = """
import json, sys, yaml
from pathlib import Path
from grunflow.config import digest, facts
assert str(facts.PACKAGE) == sys.argv[1], facts.PACKAGE
from grunflow.config.jobs import all_jobs
from grunflow.config.reading import read_study
study = read_study(yaml.safe_load(Path("config/demo.yaml").read_text()))
print(json.dumps({job.folder.removeprefix("results/demo/"): job.code for job in all_jobs(study)}))
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package in a folder of its own, to be edited."""
    folder = tmp_path_factory.mktemp("copy") / "src"
    shutil.copytree(ROOT / "src" / "grunflow", folder / "grunflow", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def digests(copy: Path) -> dict[str, str]:
    done = subprocess.run([sys.executable, "-c", DIGESTS, str(copy / "grunflow")], env={"PYTHONPATH": str(copy)},
                          cwd=ROOT, capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow  # every digest of the demo, six times, by processes that import all of it
def test_an_edit_changes_the_jobs_whose_specs_name_the_part_and_a_new_file_none(copy: Path) -> None:
    package, before = copy / "grunflow", digests(copy)
    (package / "objectives" / "npo.py~").write_text("x = ")
    (package / "training" / "loop.py~").write_text("x = ")
    (package / "training" / "loop.html.orig").write_text("x = ")
    (package / "training" / "notes.html").write_text("of no module")
    shutil.copy(package / "objectives" / "npo.py", package / "objectives" / "mine.py")
    shutil.copy(package / "carriers" / "reft.py", package / "carriers" / "mine.py")
    shutil.copy(package / "conditions" / "plain.py", package / "conditions" / "mine.py")
    assert digests(copy) == before
    for part, holds in (
        ("objectives/npo.py", lambda folder: "/runs/" in folder and "/npo_" in folder),
        ("carriers/lora.py", lambda folder: "_lora_" in folder),
        ("evaluation/harness.py", lambda folder: folder.startswith("wmdp/scores/")),
        ("reporting/page.html", lambda folder: folder == "report"),
    ):
        text = (package / part).read_text()
        (package / part).write_text(text + ("\nADDED = 1\n" if part.endswith(".py") else "<!-- added -->"))
        after = digests(copy)
        changed = {folder for folder in before if after[folder] != before[folder]}
        assert changed == {folder for folder in before if holds(folder)}, part
        (package / part).write_text(text)
