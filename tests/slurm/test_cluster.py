"""The slurm profile on a real SLURM, and each fault that docs/cluster.md describes: all end in the local run's tables."""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from tests.slurm.conftest import Lab, unfinished
from tests.slurm.study import (
    BIN,
    ROOT,
    RUN,
    SCORES,
    STEPS,
    TABLE,
    Run,
    environment,
    heartbeat,
    in_mid_training,
    local_command,
    until,
    write,
)

pytestmark = pytest.mark.slurm
LOG = Path("results/small/logs/tofu/runs/mini/forget10/gd_grun_t0_u0.log")


def start(
    lab: Lab,
    folder: Path,
    *arguments: str,
    gpus: int = 1,
    account: str = "",
    unlearn: dict[str, str] | None = None,
    **more: str,
) -> Run:
    """Snakemake with the slurm profile, edited as a site would; by default for the table of scores.

    A model from scratch asks for no GPU; here its jobs do. unlearn: further resources of that rule.
    """
    profile = yaml.safe_load((ROOT / "workflow/profiles/slurm/config.yaml").read_text())
    for row in profile["set-resources"].values():
        row["gpu"] = gpus
    profile["set-resources"]["unlearn"] |= unlearn or {}
    profile["default-resources"] |= {"slurm_account": account} if account else {}
    place = folder / "profile"
    place.mkdir(exist_ok=True)
    (place / "config.yaml").write_text(yaml.safe_dump(profile))
    return Run(folder, {**lab.environment, **more}, place, *(arguments or ("--", TABLE)))


def training_job(lab: Lab, folder: Path) -> str:
    """Number of the running unlearning job, once it is in mid-training."""
    running = [job for job in lab.jobs("R") if job["work"] == str(folder) and job["rule"].startswith("rule_unlearn")]
    return running[0]["id"] if running and in_mid_training(folder) else ""


def same_table(local: Path, folder: Path) -> None:
    assert (folder / TABLE).read_bytes() == (local / TABLE).read_bytes()


def resumed_at(folder: Path) -> int:
    found = re.search(r"resumed after step (\d+)", (folder / LOG).read_text())
    assert found, (folder / LOG).read_text()
    return int(found[1])


def test_a_study_runs_whole_and_gpu_jobs_wait_for_the_one_gpu(lab: Lab, local: Path, tmp_path: Path) -> None:
    write(tmp_path, keep="none")
    run = start(lab, tmp_path, "--", "all")

    seen: dict[str, float] = {}

    def one_waits() -> bool:
        """CPUs and memory are enough for two: a job that is pending for three seconds beside a running one wants the GPU."""
        mine = [job for job in lab.jobs() if job["work"] == str(tmp_path)]
        assert sum(job["state"] == "RUNNING" for job in mine) <= 1
        now, waiting = time.monotonic(), [job["id"] for job in mine if job["state"] == "PENDING"]
        running = any(job["state"] == "RUNNING" for job in mine)
        return running and any(now - seen.setdefault(job, now) > 3 for job in waiting)

    until("a job that waits for the GPU of a running one", one_waits, run)
    run.succeeds()
    same_table(local, tmp_path)
    assert not list(tmp_path.glob(".resume/*"))
    assert (tmp_path / RUN / "manifest.json").is_file()
    assert not list(tmp_path.glob("results/small/carriers/**/*.safetensors"))


def test_scancel_in_mid_training(lab: Lab, local: Path, interrupted: Path) -> None:
    run = start(lab, interrupted)
    number = until("mid-training", lambda: training_job(lab, interrupted), run)
    lab.call("scancel", number)
    run.succeeds()
    assert resumed_at(interrupted) > 100
    same_table(local, interrupted)


def test_requeue_in_mid_training(lab: Lab, local: Path, interrupted: Path) -> None:
    run = start(lab, interrupted)
    number = until("mid-training", lambda: training_job(lab, interrupted), run)
    asked = [BIN / "grunflow", "status", "--configfile", "study.yaml"]
    screen = subprocess.run(
        asked, cwd=interrupted, env=lab.environment, capture_output=True, text=True, check=True
    ).stdout
    assert re.search(
        rf"running {RUN} \(SLURM {number} on \S+\): gd grun seed 0, step \d+ of {STEPS}, \d+ min left", screen
    )
    assert "in the queue: 1 running" in screen
    lab.call("scontrol", "requeue", number)
    run.succeeds()
    assert resumed_at(interrupted) > 100
    same_table(local, interrupted)


def test_a_time_limit(lab: Lab, local: Path, interrupted: Path) -> None:
    """The first attempt has one minute. Its process is stopped until SLURM ends it, so that it cannot be done before."""
    # Warned just before the limit: the rules' three minutes are more than it, and a job would end as soon as it is in training.
    short = {"runtime": "1 if attempt == 1 else 20", "slurm_extra": "'--signal=URG@5'"}
    run = start(lab, interrupted, unlearn=short)
    number = until("mid-training", lambda: training_job(lab, interrupted), run)
    os.kill(heartbeat(interrupted)["pid"], signal.SIGSTOP)
    until("the end of the first job", lambda: number not in {job["id"] for job in lab.jobs()}, run)
    run.succeeds()
    assert resumed_at(interrupted) > 100
    same_table(local, interrupted)


def test_kill_9_of_the_process(lab: Lab, local: Path, interrupted: Path) -> None:
    run = start(lab, interrupted)
    until("mid-training", lambda: training_job(lab, interrupted), run)
    os.kill(heartbeat(interrupted)["pid"], signal.SIGKILL)
    run.succeeds()
    same_table(local, interrupted)


def test_snakemake_dies_and_one_command_and_the_same_call_go_on(lab: Lab, local: Path, interrupted: Path) -> None:
    run = start(lab, interrupted)
    number = until("mid-training", lambda: training_job(lab, interrupted), run)
    run.process.kill()
    run.process.wait()
    assert number in {job["id"] for job in lab.jobs("R")}, "the orphan lives on"
    done = subprocess.run(
        [BIN / "grunflow", "recover"], cwd=interrupted, env=lab.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "1 jobs cancelled, folder unlocked" in done.stdout
    assert not [job for job in lab.jobs() if job["work"] == str(interrupted)]
    again = start(lab, interrupted)
    again.succeeds()
    assert resumed_at(interrupted) > 100
    assert again.text.count("rule unlearn:") == 1
    same_table(local, interrupted)


def test_slurmctld_is_restarted(lab: Lab, local: Path, interrupted: Path) -> None:
    run = start(lab, interrupted)
    until("mid-training", lambda: training_job(lab, interrupted), run)
    lab.restart_controller()
    run.succeeds()
    same_table(local, interrupted)


def test_jobs_of_an_array_are_requeued_and_retried_each_by_itself(lab: Lab, local: Path, interrupted: Path) -> None:
    """Of an array of two trainings one goes back into the queue, the other is cancelled, which Snakemake sends again."""
    config = yaml.safe_load((interrupted / "study.yaml").read_text())
    config["seeds"].append({"target_seed": 0, "unlearn_seed": 1})
    (interrupted / "study.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    runs = (RUN, RUN.replace("_u0", "_u1"))
    run = start(lab, interrupted, "--slurm-array-jobs", "unlearn", "--", *runs, gpus=0)

    stopped: dict[str, int] = {}

    def both_train() -> bool:
        """Whoever is in mid-training is stopped until the other is, too, for they need not start together."""
        for path in interrupted.glob(".resume/*/heartbeat.json"):
            beat = json.loads(path.read_text())
            if beat["out"] not in stopped and beat["step"] > STEPS * 0.1:
                os.kill(beat["pid"], signal.SIGSTOP)
                stopped[beat["out"]] = beat["pid"]
        return len(stopped) == 2

    until("both in mid-training", both_train, run)
    first, second = sorted(job["id"] for job in lab.jobs("R") if job["work"] == str(interrupted))
    assert (first.split("_")[0], first.split("_")[1:], second.split("_")[1:]) == (second.split("_")[0], ["1"], ["2"])
    for process in stopped.values():
        os.kill(process, signal.SIGCONT)
    lab.call("scontrol", "requeue", first)
    lab.call("scancel", second)
    run.succeeds()
    for place in runs:
        log = (interrupted / place.replace("small/", "small/logs/")).with_suffix(".log").read_text()
        assert "resumed after step" in log, place
    weights = "carrier/interventions.safetensors"
    assert (interrupted / RUN / weights).read_bytes() == (local / RUN / weights).read_bytes()


def test_a_job_of_two_gpus_starts_its_command_once(lab_of_two: Lab, interrupted: Path) -> None:
    shim = lab_of_two.folder / "bin" / "grunflow"
    shim.write_text(f'#!/bin/sh\necho "$1 $CUDA_VISIBLE_DEVICES" >> {interrupted}/starts\nexec {BIN}/grunflow "$@"\n')
    shim.chmod(0o755)
    start(lab_of_two, interrupted, "--", RUN, gpus=2).succeeds()
    assert (interrupted / "starts").read_text() == "unlearn 0,1\n"


def test_a_job_of_two_gpus_waits_for_one_node_that_has_both(lab_of_two_nodes: Lab, interrupted: Path) -> None:
    """One GPU of each of the two nodes is taken, so that two are free, on two nodes."""
    nodes = lab_of_two_nodes.call("sinfo", "-h", "-p", "gpu", "-N", "-o", "%N").split()
    assert len(nodes) == 2
    taken = [
        lab_of_two_nodes.call("sbatch", "--parsable", "-o", "/dev/null", "-p", "gpu", "-w", node, "--gpus=1", "--wrap", "sleep 600").strip()
        for node in nodes
    ]  # fmt: skip
    until("both taken", lambda: {job["id"] for job in lab_of_two_nodes.jobs("R")} >= set(taken))
    run = start(lab_of_two_nodes, interrupted, "--", RUN, gpus=2)

    def waiting() -> list[str]:
        own = [job for job in lab_of_two_nodes.jobs() if job["work"] == str(interrupted)]
        assert all(job["state"] == "PENDING" for job in own), own
        return [job["reason"] for job in own if job["reason"] in ("Resources", "Priority")]

    until("a job that waits", waiting, run)
    for _ in range(5):
        time.sleep(1)
        assert waiting()
    asked = [BIN / "grunflow", "status", "--configfile", "study.yaml"]
    screen = subprocess.run(
        asked, cwd=interrupted, env=lab_of_two_nodes.environment, capture_output=True, text=True, check=True
    )
    assert re.search(r"waits rule_unlearn\S* \(SLURM \d+\): Resources", screen.stdout), screen.stdout
    lab_of_two_nodes.call("scancel", taken[0])
    run.succeeds()


@pytest.mark.parametrize("concerned", [True, False])
def test_a_queued_job_whose_config_was_edited_trains_nothing(
    lab: Lab, local: Path, interrupted: Path, concerned: bool
) -> None:
    """It reads the config again when it starts: the new learning rate was trained under the old record, with status 0."""
    blocker = lab.call(
        "sbatch", "--parsable", "-o", "/dev/null", "-p", "gpu", "--gpus=1", "--wrap", "sleep 600"
    ).strip()
    run = start(lab, interrupted, "--", RUN)
    until("a job that waits", lambda: [job for job in lab.jobs("PD") if job["work"] == str(interrupted)], run)
    edited = yaml.safe_load((interrupted / "study.yaml").read_text())
    if concerned:
        edited["training"]["grun"]["learning_rate"] = 0.5
    else:
        edited["title"] = "Another"
    (interrupted / "study.yaml").write_text(yaml.safe_dump(edited, sort_keys=False))
    lab.call("scancel", blocker)
    if not concerned:
        run.succeeds()
        assert (interrupted / RUN / "manifest.json").is_file()
        return
    run.fails()
    assert "config changed since the job was submitted" in (interrupted / LOG).read_text()
    assert not (interrupted / RUN).exists()


def test_jobs_fill_the_output_cache_and_are_restored_from_it_there_and_locally(
    lab: Lab, local: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    place = {"SNAKEMAKE_OUTPUT_CACHE": str(cache)}
    first, second, third = (unfinished(local, tmp_path / name) for name in ("first", "second", "third"))
    start(lab, first, "--cache", "--", TABLE, **place).succeeds()
    entries = {path.name for path in cache.iterdir()}
    assert entries == {(first / made).resolve().name for made in (RUN, f"results/small/{SCORES}")}
    start(lab, second, "--cache", "--", TABLE, **place).succeeds()
    done = subprocess.run([*local_command(), "--cache", "--", TABLE], cwd=third, env=environment(**place), check=False)
    assert done.returncode == 0
    assert {path.name for path in cache.iterdir()} == entries
    for folder in (second, third):
        # The manifest has times: equal bytes are of one run.
        assert (folder / RUN / "manifest.json").read_bytes() == (first / RUN / "manifest.json").read_bytes()
        assert (folder / RUN / "manifest.json").resolve().is_relative_to(cache)
        same_table(local, folder)


def test_where_jobs_are_accounted_for_sacct_tells_their_state(
    lab_with_accounts: Lab, local: Path, interrupted: Path
) -> None:
    """sacct is the plugin's default where it exists. The job is charged to the profile's account."""
    start(lab_with_accounts, interrupted, "--slurm-status-command", "sacct", "--", TABLE, account="lab").succeeds()
    rows = lab_with_accounts.call("sacct", "-n", "-P", "-X", "-o", "Account,State,WorkDir").splitlines()
    assert rows.count(f"lab|COMPLETED|{interrupted}") == 2  # unlearn and evaluate
    same_table(local, interrupted)


def preflight(lab: Lab, folder: Path, account: str = "", user: str = "root", **unlearn: str | int) -> str:
    """What it says against the shipped profile with other resources of `unlearn`, or an account; empty where it passes."""
    profile = yaml.safe_load((ROOT / "workflow/profiles/slurm/config.yaml").read_text())
    profile["set-resources"]["unlearn"] |= unlearn
    profile["default-resources"] |= {"slurm_account": account} if account else {}
    (folder / "profile").mkdir(exist_ok=True)
    (folder / "profile" / "config.yaml").write_text(yaml.safe_dump(profile))
    command = [BIN / "grunflow", "preflight", "--configfile", "study.yaml", "--workflow-profile", "profile"]
    asked = {**lab.environment, "LOGNAME": user}
    done = subprocess.run(command, cwd=folder, env=asked, capture_output=True, text=True, check=False)
    assert done.returncode == (2 if done.stderr else 0)
    assert "Traceback" not in done.stderr
    return done.stderr


def test_what_the_cluster_cannot_meet_names_the_profiles_key(lab: Lab, tmp_path: Path) -> None:
    write(tmp_path)
    assert preflight(lab, tmp_path) == ""
    text = preflight(lab, tmp_path, slurm_partition="nowhere")
    assert "set-resources.unlearn.slurm_partition: got 'nowhere', the cluster has cpu, gpu, urgent" in text
    text = preflight(lab, tmp_path, gpu=3)
    assert "set-resources.unlearn.gpu: unlearn asks for 3 GPUs, but a node of partition 'gpu' has 1" in text


def test_an_account_that_the_cluster_refuses_names_the_profiles_key(lab_with_accounts: Lab, tmp_path: Path) -> None:
    def submitted(*account: str) -> bool:
        command = ["sbatch", "--output=/dev/null", *account, "--wrap", "true"]
        return not subprocess.run(
            command, env=lab_with_accounts.environment, capture_output=True, check=False
        ).returncode

    write(tmp_path)
    assert submitted()
    assert preflight(lab_with_accounts, tmp_path) == ""
    assert submitted("--account=lab")
    assert preflight(lab_with_accounts, tmp_path, account="lab") == ""
    assert not submitted("--account=nowhere")
    key = "default-resources.slurm_account: got"
    assert f"{key} 'nowhere', you may charge lab, root" in preflight(lab_with_accounts, tmp_path, account="nowhere")
    assert f"{key} None, you may charge none" in preflight(lab_with_accounts, tmp_path, user="nobody")
