"""`snakemake --sdm conda` for real: a rule of this workflow in an environment that was solved, linked and activated.

Where a conda is on PATH it does the work, else py-rattler; the channel is a folder with this host's python and pip, the
pinned packages come from the package index. Run by `make test-conda`.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from importlib import metadata, util
from pathlib import Path

import pandas as pd
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from grunflow.config.digest import module_digests
from grunflow.config.job import Job
from grunflow.config.jobs import by_folder
from grunflow.config.reading import read_study
from grunflow.links import Links
from grunflow.manifest import identities_of, output_folder, read_manifest
from tests.conda import build_channel, conda_on_rattler
from tests.tools import missing
from tests.workflow.small_study import BIN, ROOT, make

pytestmark = pytest.mark.conda
ENVIRONMENTS = sorted((ROOT / "envs").glob("*.yaml"))
FOLDER = "results/small/wmdp/metrics"
KNOWS_EVERY_RULE = "checkpoint jobs_know_every_rule:\n    localrule: True\n"
# What rule aggregate copies from the manifests of trained models.
COST = ("model_parameters", "trained_parameters", "steps", "tokens", "seconds", "cpu_seconds", "train_seconds",
        "train_flops", "peak_memory_bytes")  # fmt: skip


@pytest.fixture(scope="session")
def index() -> None:
    """The package index answers."""
    asked = [sys.executable, "-m", "pip", "index", "versions", "tqdm"]
    if subprocess.run(asked, capture_output=True, check=False).returncode:
        missing("no package index is reached; conda environments need one for their pip section")


@pytest.fixture(scope="session")
def path_with_conda(tmp_path_factory: pytest.TempPathFactory) -> str:
    if shutil.which("conda"):
        return os.environ["PATH"]
    if util.find_spec("rattler") is None:
        missing("neither conda nor py-rattler is installed; pip install -r envs/requirements.lock")
    home = tmp_path_factory.mktemp("conda")
    conda_on_rattler.install(home)
    return f"{home}/bin:{os.environ['PATH']}"


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A work tree whose environments come from the local channel, with answers for rule aggregate to read."""
    if "deb_system" in sysconfig.get_scheme_names():
        # Its packages lie elsewhere than conda's, and so does what its pip installs.
        missing("the channel's python is this one, and Debian's own cannot stand for conda's: make .venv with another")
    folder, channel = make(tmp_path_factory.mktemp("study")), tmp_path_factory.mktemp("channel")
    build_channel.build(channel)
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, folder)
    for path in (folder / "envs").glob("*.yaml"):
        content = yaml.safe_load(path.read_text()) | {"channels": [channel.as_uri(), "nodefaults"]}
        path.write_text(yaml.safe_dump(content))
    snakefile = folder / "workflow" / "Snakefile"
    text = snakefile.read_text()
    assert KNOWS_EVERY_RULE in text
    # With it every rule is in the graph, whatever is allowed, and so is its environment: minutes for one that runs nothing here.
    snakefile.write_text(text.replace(KNOWS_EVERY_RULE, ""))
    write_inputs(folder)
    return folder


def write_inputs(folder: Path) -> None:
    """Finished folders of answers and of trained models, as the stages before would leave them: nothing of it is stale, so that
    rule aggregate runs alone."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        jobs = by_folder(read_study(yaml.safe_load(Path("study.yaml").read_text())))
        links = Links(list(jobs.values()))
        needed, waiting = set(), [jobs[FOLDER]]
        while waiting:
            made = links.made_before(waiting.pop())
            waiting += made
            needed |= {job.folder for job in made}
        for job in (job for job in jobs.values() if job.folder in needed):
            finish(job, job.folder in jobs[FOLDER].inputs["score"])
    finally:
        os.chdir(before)


def finish(job: Job, is_score: bool) -> None:
    """The job's folder with a manifest that tells all that it follows from; of scores two answers are in it."""
    inputs = identities_of({name: [Path(place) for place in places] for name, places in job.inputs.items()})
    spec, modules = job.spec.model_dump(mode="json"), module_digests(job.spec, job.methods)
    with output_folder(Path(job.folder), spec=spec, code=job.code, inputs=inputs, modules=modules) as (out, measured):
        measured |= {**dict.fromkeys(COST, 1), "losses": [1.0]}
        if is_score:
            answers = pd.DataFrame({"set": "forget_domain", "index": [0, 1], "correct": [True, False]})
            answers.to_parquet(out / "choice.parquet", index=False)


def run_rule(folder: Path, path: str, prefix: Path) -> subprocess.CompletedProcess:
    """Rule aggregate of the work tree, which Snakemake itself reads with this process's packages."""
    command = [BIN / "snakemake", "--workflow-profile", "workflow/profiles/default", "--cores", "1", "--configfile",
               "study.yaml", "--sdm", "conda", "--conda-prefix", prefix, "--allowed-rules", "aggregate", "--", FOLDER]  # fmt: skip
    environment = {**os.environ, "PATH": f"{path}:{BIN}", "PYTHONPATH": str(folder / "src")}
    return subprocess.run(
        list(map(str, command)), cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="session")
def prefix(index, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("environments")


def test_a_rule_runs_in_its_environment_with_the_package_installed_there(
    study: Path, path_with_conda: str, prefix: Path
) -> None:
    done = run_rule(study, path_with_conda, prefix)
    assert done.returncode == 0, done.stdout + done.stderr
    manifest = read_manifest(study / FOLDER)
    # A manifest does not say whose environment it was; this process's has torch, and so has that of stages that need it.
    assert manifest["provenance"]["versions"]["torch"] is None
    (environment,) = (place.parents[1] for place in prefix.glob("*/bin/grunflow"))  # no other rule's was made
    pins = yaml.safe_load((study / "envs" / "report.yaml").read_text())["dependencies"][-1]["pip"]
    installed = json.loads(
        subprocess.run([environment / "bin" / "python", "-m", "pip", "list", "--format", "json"],
                       capture_output=True, text=True, check=True).stdout)  # fmt: skip
    found = {canonicalize_name(row["name"]): row["version"] for row in installed}
    assert {canonicalize_name(name): version for name, version in (pin.split("==") for pin in pins)} == {
        name: version for name, version in found.items() if name not in ("pip", "grunflow", "setuptools")
    }


def test_an_environment_that_holds_another_checkout_is_refused(study: Path, path_with_conda: str, prefix: Path) -> None:
    """Two clones share a --conda-prefix: the environment has the package of the first one."""
    assert run_rule(study, path_with_conda, prefix).returncode == 0
    other = study.with_name("other")
    shutil.copytree(study, other, ignore=shutil.ignore_patterns("results", "__pycache__"))
    write_inputs(other)
    stage = other / "src" / "grunflow" / "stages" / "aggregate.py"
    stage.write_text(stage.read_text() + "\nEDITED = True\n")
    done = run_rule(other, path_with_conda, prefix)
    assert done.returncode != 0
    assert "this environment holds another checkout" in done.stdout + done.stderr
    assert not (other / FOLDER).exists()


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.stem)
def test_an_environment_is_read_by_condas_own_rules_and_its_pins_exist(path: Path, index) -> None:
    if util.find_spec("rattler") is None:
        missing("py-rattler is not installed; pip install -r envs/requirements.lock")
    import rattler

    content = yaml.safe_load(path.read_text())
    specs = [spec for spec in content["dependencies"] if isinstance(spec, str)]
    assert [rattler.MatchSpec(spec).name.normalized for spec in specs] == ["python", "pip"]
    assert path.with_name(f"{path.stem}.post-deploy.sh").is_file()
    pins = content["dependencies"][-1]["pip"]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as requirements:
        requirements.write("\n".join(pins))
        requirements.flush()
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--no-deps", "--ignore-installed", "--quiet",
                   "-r", requirements.name]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.stem)
def test_the_pins_of_an_environment_are_all_that_it_needs(path: Path) -> None:
    """What a pinned package requires is pinned too; of torch's wheel only what this platform's one asks for."""
    pins = {
        canonicalize_name(pin.split("==")[0]) for pin in yaml.safe_load(path.read_text())["dependencies"][-1]["pip"]
    }
    needed = {canonicalize_name(item.name) for name in pins for item in map(Requirement, metadata.requires(name) or [])
              if item.marker is None or item.marker.evaluate({"extra": ""})}  # fmt: skip
    assert needed - pins <= {"setuptools"}
