"""A stage that failed is not run again by the later attempts of one call of Snakemake; an output lost on its way into a shared
cache is not made again."""

import json
from pathlib import Path

import pytest
import yaml

from grunflow import failures, submission
from grunflow.call import LONGEST, input_arguments, spec_argument
from grunflow.config.digest import stage_digest
from grunflow.config.job import Job
from grunflow.config.shown_specs import Aggregate, RunRow
from grunflow.config.specs import Evaluate, Finetune, Prepare, Unlearn
from grunflow.errors import BadInput, CheckFailed
from grunflow.job import CACHE, RunningJob, running, settle
from grunflow.manifest import output_folder
from tests.test_cli import WORLD, grunflow

IDENTITY = {"stage": "prepare", "out": "out", "spec": {}, "code": "0", "inputs": {}}


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("kind", [BadInput, CheckFailed])
def test_a_later_attempt_of_the_same_call_repeats_the_words_alone(kind: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(submission.VARIABLE, "first")
    folder = RunningJob(IDENTITY).folder
    failures.repeat(folder)
    failures.note(folder, kind("loss is nan"))
    with pytest.raises(kind, match=r"loss is nan \(an earlier attempt's words"):
        failures.repeat(folder)
    monkeypatch.setenv(submission.VARIABLE, "second")
    failures.repeat(folder)
    monkeypatch.delenv(submission.VARIABLE)
    failures.repeat(folder)


def test_by_the_command_line_nothing_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(submission.VARIABLE, "")  # before `submit` sets it, to be put back
    spec = Prepare.model_validate(WORLD)
    submission.submit([Job("data", spec)])
    monkeypatch.setenv(submission.VARIABLE, submission.call())
    words = ("prepare", "--spec", json.dumps(WORLD), "--out", "data")
    identity = {"stage": "prepare", "spec": spec.model_dump(mode="json"), "code": stage_digest(spec), "inputs": {}}
    failures.note(RunningJob({**identity, "out": "data"}).folder, BadInput("no such data"))
    again = grunflow(*words)
    assert again.returncode == 2
    assert "no such data (an earlier attempt's words" in again.stderr
    assert not Path("data").exists()


@pytest.mark.parametrize(
    ("spec", "out", "run"),
    [
        (Unlearn, "results/s/tofu/runs/m/forget10/gd_full_t0_u0", "tofu/runs/m/forget10/gd_full_t0_u0"),
        (Evaluate, "results/s/tofu/scores/m/forget10/gd_full_t0_u0/plain", "tofu/runs/m/forget10/gd_full_t0_u0"),
    ],
)
def test_a_run_without_result_is_told_how_the_study_goes_on(spec: type, out: str, run: str) -> None:
    """As YAML: whoever copies it into the config has said it."""
    known = spec.model_construct(benchmark="tofu", run="m/forget10/gd_full_t0_u0", carriers=("full",))
    said = failures.advice(known, Path(out))
    assert said.startswith(" To go on without it, the study's config: failed: ")
    assert yaml.safe_load(said.partition("config: ")[2]) == {"failed": {run: "diverged"}}


def test_what_all_runs_are_looked_at_by_says_where_to_name_one() -> None:
    """Its own words have named the run (evaluation/taken_for.py)."""
    known = Aggregate.model_construct(runs=())
    assert failures.advice(known, Path("metrics")).endswith("name it under failed: in the study's config.")


def test_nothing_goes_on_without_a_reference_model() -> None:
    reference = Evaluate.model_construct(benchmark="tofu", run="m/forget10/retain_t0", carriers=())
    assert failures.advice(reference, Path("scores")) == ""
    assert failures.advice(Finetune.model_construct(benchmark="tofu"), Path("results/s/tofu/runs/m/target_t0")) == ""


def make(out: Path) -> None:
    with output_folder(out, spec={}, code="0", inputs={}) as (draft, _):
        (draft / "weights").write_text("trained")


def test_an_output_that_the_cache_did_not_take_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE, "/shared/full")
    out = Path("runs/a")
    job = RunningJob({**IDENTITY, "out": str(out)})
    with running(job):
        make(out)
    job.end(out)
    made = (out / "manifest.json").read_bytes()
    for path in (*out.iterdir(),):
        path.unlink()
    out.rmdir()
    settle()
    assert RunningJob({**IDENTITY, "out": str(out)}).put_back(out)
    assert ((out / "manifest.json").read_bytes(), (out / "weights").read_text()) == (made, "trained")
    settle()
    assert not list(Path(".resume").iterdir()), "it lies where it belongs"
    assert not RunningJob({**IDENTITY, "out": str(out)}).put_back(out)


def test_without_a_cache_nothing_stays() -> None:
    out = Path("runs/a")
    job = RunningJob({**IDENTITY, "out": str(out)})
    job.make_folder()
    make(out)
    job.end(out)
    assert not list(Path(".resume").iterdir())


def test_the_arguments_of_two_thousand_runs_go_in_files() -> None:
    """A rule's command is one argument of the shell: 128 KiB at most."""
    row = {"model": "m", "split": "forget10", "objective": "gd", "carrier": "grun", "carrier_kind": "grun"}
    runs = tuple(
        RunRow(run=f"m/forget10/gd_grun_t0_u{seed}", target_seed=0, unlearn_seed=seed, **row) for seed in range(2000)
    )
    spec = Aggregate(benchmark={"name": "tofu", "kind": "tofu", "keys": {}}, runs=runs)
    folders = tuple(f"results/s/tofu/scores/{run.run}/plain" for run in runs)
    job = Job("results/s/tofu/metrics", spec, {"score": folders})
    assert len(spec_argument(job)) + len(input_arguments(job)) < 200 < LONGEST < len(job.arguments)
    assert Aggregate.model_validate_json(Path(spec_argument(job)).read_text()) == spec
    words = input_arguments(job).split()
    assert words[0] == "--input"
    assert Path(words[1].removeprefix("@")).read_text().splitlines() == [f"score={folder}" for folder in folders]
    done = grunflow("aggregate", "--spec", spec_argument(job), *words, "--out", "metrics")
    assert done.returncode == 2
    assert f"input {folders[0]}: does not exist" in done.stderr
