"""Runs that `failed:` names: they leave the jobs, are told to whoever shows results, and wrong names are refused."""

import re
from pathlib import Path

import pytest
import yaml

from grunflow.config.jobs import all_jobs
from grunflow.config.reading import read_study
from grunflow.errors import BadInput

ROOT = Path(__file__).parents[2]
RUN = "tofu/runs/tiny/forget10/gd_full_t0_u0"


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> dict:
    monkeypatch.chdir(ROOT)
    return yaml.safe_load((ROOT / "config" / "demo.yaml").read_text())


@pytest.mark.parametrize(
    "name", [RUN, f"results/demo/{RUN}", f"/{RUN}/", "tiny/forget10/gd_full_t0_u0", "gd_full_t0_u0"]
)
def test_a_run_leaves_with_its_evaluations_and_nothing_else(demo: dict, name: str) -> None:
    before = all_jobs(read_study(demo))
    study = read_study(demo | {"failed": {name: "diverged\nat step 3"}})
    assert study.absent == {RUN: "diverged at step 3"}
    after = {job.folder: job for job in all_jobs(study)}
    gone = [job.folder for job in before if job.folder not in after]
    assert gone[0] == f"results/demo/{RUN}"
    assert len(gone) > 1
    assert all(folder.startswith("results/demo/tofu/scores/tiny/forget10/gd_full_t0_u0/") for folder in gone[1:])
    changed = {job.folder for job in before if job.folder in after and job != after[job.folder]}
    pages = {f"results/demo/{name}" for name in ("tables", "figures", "claims", "report")}
    assert changed == {"results/demo/tofu/metrics", *pages}
    (told,) = after["results/demo/tables"].spec.absent
    assert (told.run, told.carrier_kind, told.unlearn_seed, told.reason) == (
        "tiny/forget10/gd_full_t0_u0", "full", 0, "diverged at step 3",
    )  # fmt: skip
    assert after["results/demo/claims"].spec.absent == after["results/demo/tables"].spec.absent


def test_a_table_that_too_few_carriers_are_left_for_is_not_planned(demo: dict) -> None:
    """A difference between carriers needs two."""
    runs = [job.folder for job in all_jobs(read_study(demo)) if job.stage == "unlearn" and "/wmdp/" in job.folder]
    for carriers, planned in ((("full",), True), (("full", "lora"), False)):
        failed = [run for run in runs if any(f"_{carrier}_u" in run for carrier in carriers)]
        study = read_study(demo | {"failed": dict.fromkeys(failed, "diverged")})
        names = {job.folder: job for job in all_jobs(study)}["results/demo/tables"].spec.names
        assert {"wmdp_main", "tofu_differences"} <= set(names)
        assert ("wmdp_differences" in names) == planned


@pytest.mark.parametrize(
    ("failed", "message"),
    [
        ({"gd_ful_t0_u0": "diverged"},
         "config.failed: Unknown run 'gd_ful_t0_u0'. Did you mean 'gd_full_t0_u0'? `grunflow jobs` lists all: rule unlearn."),
        ({"d_full_t0_u0": "diverged"}, "config.failed: Unknown run 'd_full_t0_u0'"),  # a part of a name is none
        ({"tiny/forget10/retain_t0": "diverged"}, "'tiny/forget10/retain_t0' is a model that runs start from or are held against"),
        ({"gd_full_t0_u0": ""}, "config.failed"),
        ({"gd_full_t0_u0": None}, "config.failed"),
        (["gd_full_t0_u0"], "config.failed"),
    ],
)  # fmt: skip
def test_a_name_of_no_run_is_refused(demo: dict, failed: object, message: str) -> None:
    with pytest.raises(BadInput, match=re.escape(message)) as caught:
        read_study(demo | {"failed": failed})
    assert "\n" not in str(caught.value)


def test_a_name_of_several_is_refused(demo: dict) -> None:
    demo["benchmarks"]["other"] = {**demo["benchmarks"]["tofu"], "kind": "tofu"}
    demo["grid"].append({**demo["grid"][0], "benchmark": "other"})
    with pytest.raises(BadInput, match=r"may be tofu/runs/\S+ or other/runs/\S+; write more of its folder"):
        read_study(demo | {"failed": {"gd_full_t0_u0": "diverged"}})
    assert list(read_study(demo | {"failed": {RUN: "diverged"}}).absent) == [RUN]


def test_a_benchmark_of_which_nothing_is_left_is_refused(demo: dict) -> None:
    runs = [job.folder for job in all_jobs(read_study(demo)) if job.stage == "unlearn" and "/wmdp/" in job.folder]
    with pytest.raises(BadInput, match=r"no run of wmdp is left; take it out of the grid"):
        read_study(demo | {"failed": dict.fromkeys(runs, "diverged")})


def test_a_benchmark_may_not_have_the_name_of_a_folder_of_the_studys_own(demo: dict) -> None:
    demo["benchmarks"]["partial"] = {**demo["benchmarks"]["tofu"], "kind": "tofu"}
    with pytest.raises(BadInput, match=r"config\.benchmarks: 'partial' is a folder of every study's own"):
        read_study(demo)
