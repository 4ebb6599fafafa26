"""A full fine-tuning over two nodes of a real SLURM: the losses of one process, and either goes on where the other stopped."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.slurm.conftest import Lab, unfinished
from tests.slurm.study import environment, heartbeat, local_command, until
from tests.slurm.test_cluster import start

pytestmark = pytest.mark.slurm
RUN = "results/small/tofu/runs/mini/forget10/gd_full_t0_u0"
# What a study's plan asks for where a job is larger than a node (tests/costs/test_nodes.py).
TWO_NODES = {"nodes": 2, "processes": 2, "mpi": "srun", "tasks": 2, "tasks_per_gpu": 0}


def trains_all_weights(local: Path, folder: Path) -> Path:
    """The finished study with a run of carrier full to do."""
    place = unfinished(local, folder) / "study.yaml"
    config = yaml.safe_load(place.read_text())
    config["grid"][0]["carriers"] = ["full"]
    config["training"]["full"] = {"learning_rate": 1e-3, "steps": 400, "batch_size": 4}
    place.write_text(yaml.safe_dump(config, sort_keys=False))
    return folder


def finish_here(folder: Path) -> None:
    """By one process, on this machine."""
    done = subprocess.run(
        [*local_command(), "--", RUN], cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def measured(folder: Path) -> dict:
    return json.loads((folder / RUN / "manifest.json").read_text())["measured"]


def near(losses: list[float]) -> Any:
    """To 1e-4; they are kept in five decimals, and some lie near 0."""
    return pytest.approx(losses, rel=1e-4, abs=2e-5)


def nodes_of_steps(lab: Lab) -> set[str]:
    return set(lab.call("squeue", "-s", "-h", "-o", "%N").split())


def test_two_nodes_train_what_one_process_does_and_one_goes_on_for_them(
    lab_of_two_nodes: Lab, local: Path, tmp_path: Path
) -> None:
    lab = lab_of_two_nodes
    here, whole, cut = (trains_all_weights(local, tmp_path / name) for name in ("here", "whole", "cut"))
    finish_here(here)

    run = start(lab, whole, "--", RUN, gpus=2, unlearn=TWO_NODES)
    until("a step on both nodes", lambda: any("," in nodes or "[" in nodes for nodes in nodes_of_steps(lab)), run)
    run.succeeds()
    assert (measured(whole)["processes"], measured(whole)["nodes"]) == (2, 2)
    assert measured(whole)["losses"] == near(measured(here)["losses"])

    run = start(lab, cut, "--", RUN, gpus=2, unlearn=TWO_NODES)
    until("steps that were taken", lambda: (heartbeat(cut) or {"step": 0})["step"] >= 20, run)
    run.process.kill()
    run.process.wait()
    (job,) = (job["id"] for job in lab.jobs("R") if job["work"] == str(cut))
    lab.call("scancel", "--signal=URG", job)  # the warning before a time limit
    until("the end of the job", lambda: not [job for job in lab.jobs() if job["work"] == str(cut)])
    subprocess.run([*local_command(), "--unlock"], cwd=cut, env=environment(), capture_output=True, check=True)
    finish_here(cut)
    assert measured(cut)["resumed_at_steps"][0] >= 20
    assert measured(cut)["losses"] == near(measured(here)["losses"])
