"""The list of jobs: whole, in order, each job told apart from every other."""

from pathlib import Path

import pytest
import yaml

from grunflow.config.jobs import all_jobs
from grunflow.config.stages import SPECS
from grunflow.config.study import read_study

ROOT = Path(__file__).parents[2]
SHIPPED = sorted(
    path.name for path in (ROOT / "config").glob("*.yaml") if path.name not in ("models.yaml", "claims.yaml")
)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_job_of_every_shipped_config_has_a_spec_of_its_own_and_reads_only_jobs_before_it(
    monkeypatch, name: str
) -> None:
    """Snakemake's cache knows a job by its params: two seeds with one spec would share one result."""
    monkeypatch.chdir(ROOT)
    jobs = all_jobs(read_study(yaml.safe_load((ROOT / "config" / name).read_text())))
    assert len({job.folder for job in jobs}) == len(jobs)
    assert len({(job.stage, job.spec.model_dump_json()) for job in jobs}) == len(jobs)
    known: set[str] = set()
    for job in jobs:
        assert isinstance(job.spec, SPECS[job.stage])
        read = {folder for folders in job.inputs.values() for folder in folders}
        assert read <= known, job.folder
        known.add(job.folder)


@pytest.mark.parametrize(
    ("keep", "discarded"), [("all", set()), ("adapters", {"full"}), ("none", {"full", "lora", "grun"})]
)
def test_a_carrier_that_is_not_kept_lies_apart_and_is_scored_there(monkeypatch, keep: str, discarded: set[str]) -> None:
    monkeypatch.chdir(ROOT)
    jobs = all_jobs(read_study({**yaml.safe_load((ROOT / "config" / "demo.yaml").read_text()), "keep": keep}))
    trained = [job for job in jobs if job.stage in ("unlearn", "unlearn_wmdp")]
    scored = {folder for job in jobs if job.stage.startswith("evaluate") for folder in job.inputs.get("model", ())}
    assert {job.spec.model_dump()["carrier"]["name"] for job in trained if job.discarded} == discarded
    for job in trained:
        assert (job.discarded or job.folder) in scored
        assert job.rule == job.stage + ("_and_discard" if job.discarded else "")
        assert job.carrier_argument == (f"--carrier {job.discarded}" if job.discarded else "")
        # Whoever reads the carrier is tied to the folder that stays, too.
        readers = [other for other in jobs if job.discarded in other.inputs.get("model", ())]
        assert all(job.folder in other.inputs["run"] for other in readers)
    apart = [job.discarded for job in trained if job.discarded]
    assert len(set(apart)) == len(apart)


def test_the_files_of_a_local_benchmark_and_of_local_corpora_are_inputs(monkeypatch) -> None:
    monkeypatch.chdir(ROOT)
    config = yaml.safe_load((ROOT / "config" / "paper.yaml").read_text())
    config["tofu"] = {"folder": "here", "refusals": "no.txt"}
    config["wmdp"]["sources"]["forget"]["bio"] = {"file": "bio.jsonl"}
    files = {job.rule: job.files for job in all_jobs(read_study(config)) if job.files}
    assert files["prepare_data"][:2] == ("here/full.json", "here/forget01.json")
    assert files["prepare_data"][-1] == "no.txt"
    assert files["prepare_corpora"] == ("bio.jsonl",)
