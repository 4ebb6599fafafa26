"""grunflow plan: the jobs of Snakemake's own DAG, offline and quick, and what the rules ask for."""

import cProfile
import json
import pstats
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from grunflow.cluster import Partition
from grunflow.commands import plan as planning
from grunflow.commands.plan import trains_weights
from grunflow.commands.preflight import large_faults
from grunflow.config.jobs import all_jobs
from grunflow.config.reading import read_study
from grunflow.config.specs import CacheFrozenStates, Evaluate, Finetune, Unlearn
from grunflow.config.study import GPUS
from grunflow.config.typed import read_yaml
from grunflow.costs.hardware import DEVICES, DISK
from grunflow.costs.placing import fits
from grunflow.costs.requests import SPARE_MEMORY, request
from grunflow.costs.stages import cost
from tests.costs.planned import job_of, jobs_of, study_of

BIN = Path(sys.executable).parent


def plan(config: str, *arguments: str) -> subprocess.CompletedProcess:
    command = [str(BIN / "grunflow"), "plan", "--configfile", config, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("config", ["config/paper.yaml", pytest.param("config/demo.yaml", marks=pytest.mark.slow)])
def test_a_plan_counts_the_jobs_that_snakemake_would_start(config: str) -> None:
    done = subprocess.run(
        [BIN / "snakemake", "--workflow-profile", "workflow/profiles/default", "--configfile", config, "--forceall",
         "-n"], capture_output=True, text=True, check=True,
    )  # fmt: skip
    text = done.stdout + done.stderr
    dag = {name: int(count) for name, count in re.findall(r"^([a-z_]+)\s+(\d+)$", text, re.M)}
    found = json.loads(plan(config, "--json").stdout)
    counted = {rule: row["jobs"] for rule, row in found["stages"].items()}
    assert counted == {rule: dag[rule] for rule in counted}
    # Each rule that asks for anything is in the plan.
    asking = set(re.findall(r"^(?:local)?rule ([a-z_]+):(?:\n    .*)*?\n    resources: .*mem_mb", text, re.M))
    assert asking
    assert asking <= set(counted)


def test_the_papers_plan_names_its_assumptions_and_its_sizes() -> None:
    found = json.loads(plan("config/paper.yaml", "--json").stdout)
    target = found["stages"]["finetune_target"]
    # Masters, gradients and two moments of 8,030,261,248 parameters in float32, 16 bytes each, on two GPUs.
    assert target["gpus"] == 2
    assert 16 * 8_030_261_248 / 2 < target["gpu_bytes"] < 80 * 2**30
    assert target["checkpoint_bytes"] == 12 * 8_030_261_248
    assert any("16 bytes a trained weight" in line for line in found["assumptions"])
    assert found["totals"]["jobs"] == sum(row["jobs"] for row in found["stages"].values())
    assert any("assumed, not measured" in line for line in found["assumptions"])
    assert "GPU-hours" in plan("config/paper.yaml").stdout


def test_disk_of_what_is_discarded_is_counted_apart(tmp_path: Path) -> None:
    found = {}
    for keep in ("all", "adapters"):
        path = tmp_path / f"{keep}.yaml"
        path.write_text(yaml.safe_dump({**read_yaml("config/paper.yaml", "config"), "keep": keep}))
        found[keep] = json.loads(plan(str(path), "--json").stdout)
    stays, goes = (found["adapters"]["totals"][key] for key in ("disk_bytes", "discarded_bytes"))
    everything = found["all"]["totals"]
    assert everything["discarded_bytes"] == 0
    assert stays + goes == everything["disk_bytes"]
    # Three objectives, three seeds; 8,030,261,248 and 7,241,732,096 parameters in bf16; and rmu's.
    assert goes >= 9 * 2 * (8_030_261_248 + 7_241_732_096)
    assert found["adapters"]["disk_bytes_of_full_carriers"] == goes
    # Three objectives, three seeds, two models; rmu's, a seed each; and GD on Llama after five requests.
    assert found["adapters"]["stages"]["unlearn_and_discard"]["jobs"] == 18 + 6 + 15


def calls(seeds: int) -> int:
    """Functions that are called to plan the paper's unlearning with so many seeds."""
    config = read_yaml("config/paper.yaml", "config")
    config["seeds"] = [{"target_seed": seed, "unlearn_seed": seed} for seed in range(seeds)]
    config["sequences"] = {}
    with cProfile.Profile() as profile:
        study = read_study(config)
        jobs = [job for job in all_jobs(study) if job.rule == "unlearn" and "/tofu/" in job.folder]
        assert all(request(study, job.spec)["gpu"] >= 1 for job in jobs)
    assert len(jobs) == 2 * 3 * 4 * seeds
    return pstats.Stats(profile).total_calls  # type: ignore[attr-defined]


@pytest.mark.slow
def test_planning_grows_with_the_jobs_and_not_with_their_square() -> None:
    """Seconds are a benchmark's (`python -m benchmarks.large_grid`): calls are the same on every machine."""
    few, many = calls(2), calls(6)
    assert 1.5 * few < many < 3.2 * few


def test_every_attempt_asks_for_more_memory_and_time_and_as_many_gpus() -> None:
    study = study_of("config/paper.yaml")
    spec = job_of(study, "finetune_target", "llama-3.1-8b").spec
    first, second = (request(study, spec, attempt) for attempt in (1, 2))
    assert second["mem_mb"] > first["mem_mb"]
    assert second["runtime"] > first["runtime"]
    assert second["gpu"] == first["gpu"] == 2


def test_later_attempts_ask_for_no_more_than_the_partition_allows() -> None:
    study = study_of("config/paper.yaml")
    spec = job_of(study, "finetune_target", "llama-3.1-8b").spec
    first, second = (request(study, spec, attempt) for attempt in (1, 2))
    between = Partition(8, first["mem_mb"] + 77.0, first["runtime"] + 3.0)
    capped = request(study, spec, 2, between)
    assert (capped["mem_mb"], capped["runtime"]) == (first["mem_mb"] + 77, first["runtime"] + 3)
    assert request(study, spec, 2, Partition(8, 1e9, 1e9)) == second
    # What does not fit at first is not made smaller: `preflight` names it.
    less = request(study, spec, 3, Partition(8, 10.0, 10.0))
    assert (less["mem_mb"], less["runtime"]) == (first["mem_mb"], first["runtime"])


@pytest.mark.slow  # three plans of the paper's study
def test_jobs_that_fit_no_gpu_are_named() -> None:
    study = study_of("config/paper.yaml")
    assert planning.plan(study)["fit_no_gpu"] == []
    training = {**study.training, "full": {**study.training["full"], "batch_size": 4096, "accumulation": 1}}
    found = planning.plan(study.model_copy(update={"training": training}))
    assert found["fit_no_gpu"]
    assert {job["folder"].split("/")[2] for job in found["fit_no_gpu"]} == {"tofu"}
    assert all(job["gpu_bytes"] > 80 * 2**30 * 0.92 for job in found["fit_no_gpu"])
    folder = found["fit_no_gpu"][0]["folder"]
    assert f"fits no a100-80gb: {folder}: " in planning.readable(found)
    (fault,) = large_faults(study.model_copy(update={"training": training}))
    assert fault.startswith(
        f"the study's gpu: {len(found['fit_no_gpu'])} jobs of unlearn fit no a100-80gb, the largest, results/paper/"
    )


def test_a_smaller_gpu_means_more_of_them_each_with_a_process_that_loads_the_model() -> None:
    study = study_of("config/paper.yaml")
    spec = job_of(study, "finetune_target", "llama-3.1-8b").spec
    small = study.model_copy(update={"gpu": "a100-40gb"})
    one, several = request(study, spec), request(small, spec)
    assert several["gpu"] == several["processes"] > one["gpu"] == 2
    # Two copy a checkpoint besides; six have ended before the first is due.
    copied = SPARE_MEMORY * cost(study, spec).checkpoint_bytes / 2**20
    assert several["mem_mb"] >= several["gpu"] * (one["mem_mb"] - copied) / one["gpu"] - 300
    assert several["cpus_per_task"] == 2 * several["gpu"]
    fits = cost(small, spec).gpu_bytes
    assert fits <= 40 * 2**30


def test_what_one_process_trains_asks_for_one_gpu() -> None:
    small = study_of("config/paper.yaml").model_copy(update={"gpu": "a100-40gb"})
    alone, shared = set(), set()
    for job in jobs_of(small):
        if re.search(r"_[tu][12]\b", job.folder):
            continue  # as those of the first seed
        asked = request(small, job.spec)
        if isinstance(job.spec, Evaluate | CacheFrozenStates | Unlearn | Finetune):
            (alone if asked["gpu"] == asked["processes"] == 1 else shared).add((job.rule, job.folder.split("/")[2]))
    assert shared == {("finetune_target", "tofu"), ("finetune_retain", "tofu"), ("unlearn", "tofu")}
    assert {("unlearn", "wmdp"), ("evaluate", "tofu"), ("evaluate", "wmdp"), ("cache_frozen_states", "tofu")} <= alone


def test_a_copy_of_the_model_is_planned_where_training_keeps_one() -> None:
    study = study_of("config/paper.yaml")
    spec = job_of(study, "unlearn", "llama-3.1-8b", "npo_full").spec
    weights = 2 * 8_030_261_248
    alone = cost(study, spec)
    for copied in (
        spec.model_copy(update={"engine": "plain"}),
        spec.model_copy(update={"objective": spec.objective.model_copy(update={"retain": "kl"})}),
    ):
        found = cost(study, copied)
        assert found.gpu_bytes * found.gpus > alone.gpu_bytes + weights


def test_memory_of_a_run_that_is_asked_on_its_way_holds_the_questions_too() -> None:
    """An attack is put to every probe: beside its weights and moments it holds what a scored batch does, where that is more than a step's;
    a snapshot's few questions take no more than a step. On GPUs fewer rows are asked at once before another GPU is."""
    given = read_yaml("config/paper.yaml", "config")
    study = read_study(given)
    attack = job_of(study, "attack", "grun", "relearn").spec
    scored = cost(study, job_of(study, "evaluate", "gd_grun", "plain").spec)
    planned = cost(study, attack)
    assert planned.gpu_bytes > 0.8 * scored.gpu_bytes
    assert (planned.gpus, planned.rows_at_once) == (1, study.evaluation_batch_size)
    many = read_study(given | {"evaluation_batch_size": 2**14})
    less = cost(many, attack)
    assert less.gpus == 1
    assert fits(many, less)
    assert study.evaluation_batch_size <= less.rows_at_once < 2**14
    run = job_of(many, "unlearn", "gd_full").spec
    assert cost(many, run).gpus == cost(study, run).gpus
    # A retry goes on from its checkpoint to the same bytes: with as many rows as before. What is not trained asks fewer.
    assert [request(many, attack, attempt)["batch_size"] for attempt in (1, 2)] == [less.rows_at_once] * 2
    plain = job_of(study, "evaluate", "gd_grun", "plain").spec
    assert [request(study, plain, attempt)["batch_size"] for attempt in (1, 2)] == [128, 64]


def test_a_run_that_is_not_asked_on_its_way_reads_as_many_rows_before_its_first_step() -> None:
    study = read_study(read_yaml("config/paper.yaml", "config"))
    run = next(job.spec for job in jobs_of(study) if job.rule == "unlearn" and job.spec.snapshots.probe is None)
    assert request(study, run)["batch_size"] == study.evaluation_batch_size


def test_the_warning_before_a_time_limit_leaves_time_for_the_checkpoint() -> None:
    study = study_of("config/paper.yaml")
    spec = job_of(study, "finetune_target", "llama-3.1-8b").spec
    asked = request(study, spec)
    seconds = int(asked["slurm_extra"].removeprefix("--signal=URG@"))
    assert seconds > 60 + cost(study, spec).checkpoint_bytes / DISK
    assert seconds < 60 * asked["runtime"]
    small = study_of("config/demo.yaml")
    assert request(small, job_of(small, "finetune_base").spec)["slurm_extra"] == "--signal=URG@180"


def test_an_unknown_kind_of_gpu_is_told_those_that_there_are(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump({**read_yaml("config/paper.yaml", "config"), "gpu": "a100-80g"}))
    done = plan(str(path))
    assert done.returncode == 2
    assert "config.gpu: got 'a100-80g', expected" in done.stderr
    assert "'a100-80gb'" in done.stderr


def test_names_of_gpus_in_the_config_are_those_of_the_table() -> None:
    assert set(GPUS) == set(DEVICES)


def test_only_whole_models_count_among_the_full_carriers() -> None:
    found = {job.folder.rpartition("/")[2]: trains_weights(job.spec) for job in jobs_of(study_of("config/demo.yaml"))}
    assert found["gd_full_t0_u0"]
    assert not any(found[name] for name in ("gd_lora_t0_u0", "gd_grun_t0_u0", "target_t0"))


def test_reading_the_snakefile_imports_neither_torch_nor_transformers() -> None:
    """Each SLURM job reads it again."""
    script = (
        "import sys; from snakemake.cli import main\n"
        "try: main(['--configfile', 'config/robustness.yaml', '--cores', '1', '-n', '--quiet', 'all'])\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "print(sorted({'torch', 'transformers', 'peft'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")
