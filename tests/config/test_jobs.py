"""The list of jobs: whole, in order, each job told apart from every other."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from grunflow.benchmarks.tofu.splits import TOFU_ROWS
from grunflow.config.jobs import all_jobs, trained
from grunflow.config.places import asked
from grunflow.config.reading import read_study
from grunflow.config.runs import Part
from grunflow.config.stages import stages

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
        assert isinstance(job.spec, stages()[job.stage])
        read = {folder for folders in job.inputs.values() for folder in folders}
        assert read <= known, job.folder
        known |= {job.folder, *filter(None, [job.discarded])}


@pytest.mark.parametrize(
    ("keep", "discarded"), [("all", set()), ("adapters", {"full"}), ("none", {"full", "lora", "grun"})]
)
def test_a_carrier_that_is_not_kept_lies_apart_and_is_scored_there(monkeypatch, keep: str, discarded: set[str]) -> None:
    monkeypatch.chdir(ROOT)
    jobs = all_jobs(read_study({**yaml.safe_load((ROOT / "config" / "demo.yaml").read_text()), "keep": keep}))
    trained = [job for job in jobs if job.spec.apart]
    scored = {folder for job in jobs if not job.spec.trains for folder in job.inputs.get("model", ())}
    assert {job.spec.carrier.name for job in trained if job.discarded} == discarded
    for job in trained:
        assert (job.discarded or job.folder) in scored
        assert job.rule == job.stage + ("_and_discard" if job.discarded else "")
        assert job.carrier_argument == (f"--carrier {job.discarded}" if job.discarded else "")
        # Whoever reads the carrier is tied to the folder that stays, too.
        readers = [other for other in jobs if job.discarded in other.inputs.get("model", ())]
        assert all(job.folder in other.inputs["run"] for other in readers)
    apart = [job.discarded for job in trained if job.discarded]
    assert len(set(apart)) == len(apart)


def test_the_files_of_a_local_benchmark_and_of_local_corpora_are_inputs(monkeypatch, tmp_path: Path) -> None:
    (tmp_path / "config").symlink_to(ROOT / "config")
    monkeypatch.chdir(tmp_path)
    config = yaml.safe_load((ROOT / "config" / "paper.yaml").read_text())
    for name in ("no.txt", "bio.jsonl", *(f"here/{split}.json" for split in TOFU_ROWS)):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
    config["benchmarks"]["tofu"] = {"folder": "here", "refusals": "no.txt"}
    config["benchmarks"]["wmdp"]["sources"]["forget"]["bio"] = {"file": "bio.jsonl"}
    files = {job.folder: job.files for job in all_jobs(read_study(config)) if job.files}
    assert files["results/paper/tofu/data"][:2] == ("here/full.json", "here/forget01.json")
    assert files["results/paper/tofu/data"][-1] == "no.txt"
    assert files["results/paper/wmdp/data"] == ("bio.jsonl",)


def test_a_method_of_the_users_own_reaches_the_command_and_its_digest_but_is_no_data_file(
    monkeypatch, tmp_path: Path
) -> None:
    """As an input of its rule a comment in it would train again."""
    monkeypatch.chdir(ROOT)
    mine = tmp_path / "my method.py"
    mine.write_text(
        'READS = ("answers",)\n\n\ndef forget(answers, refusals, spec):\n    return answers.current.nll_sum.sum()\n'
    )
    config = yaml.safe_load((ROOT / "config" / "demo.yaml").read_text())
    config["objectives"]["mine"] = {"file": str(mine)}
    config["grid"][0]["objectives"].append("mine")
    jobs = {job.folder: job for job in all_jobs(read_study(config))}
    told = {folder for folder, job in jobs.items() if job.methods}
    assert told == {folder for folder in jobs if "/runs/tiny/forget10/mine_" in folder}
    for folder in told:
        assert jobs[folder].methods == (str(mine),)
        assert jobs[folder].files == ()
        assert f"--file '{mine}'" in jobs[folder].arguments
        assert str(mine) not in jobs[folder].spec.model_dump_json()
    others = {job.code for folder, job in jobs.items() if "/runs/tiny/forget10/gd_" in folder}
    assert others.isdisjoint({jobs[folder].code for folder in told})


def test_jobs_lie_below_their_benchmark_and_log_beside_it(monkeypatch) -> None:
    monkeypatch.chdir(ROOT)
    jobs = all_jobs(read_study(yaml.safe_load((ROOT / "config" / "demo.yaml").read_text())))
    logs = {job.folder.removeprefix("results/demo/"): job.log for job in jobs}
    assert (
        logs["tofu/runs/tiny/forget10/gd_lora_t0_u0"] == "results/demo/logs/tofu/runs/tiny/forget10/gd_lora_t0_u0.log"
    )
    assert {
        "wmdp/data",
        "wmdp/runs/tiny-wmdp/rmu_grun_u2",
        "wmdp/scores/tiny-wmdp/base/plain",
        "tofu/metrics",
        "tables",
    } < set(logs)
    assert len(set(logs.values())) == len(jobs)


def test_a_run_may_start_from_a_run_and_reads_the_whole_chain(monkeypatch) -> None:
    """Attacks and sequences are such runs; their frozen states are those of the whole frozen stack."""
    monkeypatch.chdir(ROOT)
    study = read_study(yaml.safe_load((ROOT / "config" / "demo.yaml").read_text()))
    part = Part(study, "tofu")
    first = next(run for run in part.unlearned if run.path.endswith("gd_lora_t0_u0"))
    edit = next(run for run in part.unlearned if run.path.endswith("npo_grun_t0_u0"))
    child = replace(edit, start=first, unlearn_seed=5)
    assert child.path == "tiny/forget10/gd_lora_t0_u0.npo_grun_u5"
    frozen, job = trained(part, child)[-2:]
    root = "results/demo/tofu/runs"
    start = (f"{root}/tiny/target_t0", f"{root}/{first.path}")
    assert job.inputs["start"] == frozen.inputs["start"] == start
    assert [carrier.kind for carrier in job.spec.beneath] == ["lora"]  # type: ignore[attr-defined]
    alone = next(other for other in trained(part, edit) if other.stage == frozen.stage)
    assert frozen.folder != alone.folder
    assert asked(part, child)["start"] == start
    assert asked(part, child)["model"] == (f"{root}/{child.path}",)
