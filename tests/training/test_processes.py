"""Two gloo processes share a full fine-tuning: sharded, the same losses as one, and each resumes the other's run."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from torch.distributed.checkpoint import FileSystemReader

from tests.jobs import KNOWN, MODEL, STEPS, TRAINING, Job, cut, finetune, jobs, newest, unlearn, wait_for

pytestmark = pytest.mark.slow
TWO = ("--processes", "2")


def measured(folder: Path) -> dict:
    return json.loads((folder / "manifest.json").read_text())["measured"]


def same_training(world: Path, one: str, other: str, inside: str = ".") -> None:
    """Losses and weights, which lie `inside` the output, of `other` are those of `one` to 1e-4."""
    assert measured(world / other)["losses"] == pytest.approx(measured(world / one)["losses"], rel=1e-4)
    assert measured(world / other)["tokens"] == measured(world / one)["tokens"]
    want, got = (load_file(world / name / inside / "model.safetensors") for name in (one, other))
    assert want.keys() == got.keys()
    for name, tensor in want.items():
        assert (got[name] - tensor).abs().max() < 1e-4, name


def test_two_processes_train_what_one_does_and_each_resumes_the_others_run(world: Path) -> None:
    job = jobs(world)["finetune"]
    job.run("one")
    assert "sharded over 2 processes" in job.run("two", *TWO)
    same_training(world, "one", "two")
    assert (measured(world / "one")["accumulation"], measured(world / "two")["accumulation"]) == (2, 1)
    assert measured(world / "two")["processes"] == 2
    assert {path.name for path in (world / "one").iterdir()} == {path.name for path in (world / "two").iterdir()}

    status, _, step = cut(job, "two_one", 10, signal.SIGTERM, *TWO)
    assert status == 75
    (checkpoint,) = (world / ".resume").glob("*/step-*")
    tensors = FileSystemReader(checkpoint).read_metadata().state_dict_metadata
    sharded = {name: item for name, item in tensors.items() if name.endswith("weight") and name.startswith("model.")}
    assert sharded
    for name, item in sharded.items():
        rows = [chunk.sizes[0] for chunk in item.chunks]
        assert len(rows) == 2, name
        assert sum(rows) == item.size[0]
        assert max(rows) == -(-item.size[0] // 2)
    assert f"resumed after step {step} from" in job.run("two_one")
    same_training(world, "one", "two_one")

    status, _, step = cut(job, "one_two", 10, signal.SIGURG)
    assert status == 75
    log = job.run("one_two", *TWO)
    assert f"resumed after step {step} from" in log
    same_training(world, "one", "one_two")
    assert measured(world / "one_two")["resumed_at_steps"] == [step]
    assert not list((world / ".resume").iterdir())


@pytest.mark.parametrize(
    ("objective", "training"),
    [("gd", {**TRAINING, "batch_size": 3, "accumulation": 3, "steps": 12}),  # a process has less to do than the other
     ("dpo", {**TRAINING, "steps": 12}), ("kl", {**TRAINING, "steps": 12})],
)  # fmt: skip
def test_unlearning_with_carrier_full_too(world: Path, objective: str, training: dict) -> None:
    spec = {**unlearn(objective, "full"), "training": training}
    job = Job(world, "unlearn", spec, data="data", start="target")
    for out, more in ((f"{objective}_one", ()), (f"{objective}_two", TWO)):
        job.run(out, *more)
    same_training(world, f"{objective}_one", f"{objective}_two", inside="carrier")
    want, got = (
        pd.read_parquet(world / f"{objective}_{name}" / "snapshots.parquet").sort_values(["step", "set", "question"])
        for name in ("one", "two")
    )
    assert got["nll_answer"].tolist() == pytest.approx(want["nll_answer"].tolist(), rel=1e-3)


@pytest.mark.parametrize("stage", ["finetune", "unlearn"])
def test_a_bf16_models_float32_masters_are_sharded_and_go_on_in_either_number(world: Path, stage: str) -> None:
    """Autocast on one process, FSDP's mixed precision on two, whose residual stream is bf16 too: losses near each other's (over
    60 steps to 1.7 %), updates the same but for rounding (cosine .9997)."""
    training = {**TRAINING, "learning_rate": 1e-4, "accumulation": 2, "steps": 20}
    model = {**MODEL, "dtype": "bfloat16", "target": training}
    if stage == "finetune":
        job = Job(world, stage, finetune("target", files=KNOWN) | {"model": model}, data="data", start="base")
    else:
        spec = unlearn("npo", "full") | {"model": model, "training": training}
        job = Job(world, stage, spec, data="data", start="target")
    job.run(f"{stage}_bf16")
    job.run(f"{stage}_bf16_two", *TWO)
    status, _, step = cut(job, f"{stage}_bf16_cut", 5, signal.SIGTERM, *TWO)
    assert status == 75
    assert f"resumed after step {step} from" in job.run(f"{stage}_bf16_cut")
    inside = "." if stage == "finetune" else "carrier"
    before = load_file(world / ("base" if stage == "finetune" else "target") / "model.safetensors")

    def update(name: str) -> torch.Tensor:
        after = load_file(world / name / inside / "model.safetensors")
        assert after.keys() == before.keys()
        assert {tensor.dtype for tensor in after.values()} == {torch.bfloat16}
        return torch.cat([(after[key].float() - before[key].bfloat16()).flatten() for key in before])

    want = update(f"{stage}_bf16")
    for name in (f"{stage}_bf16_two", f"{stage}_bf16_cut"):
        assert measured(world / name)["losses"] == pytest.approx(measured(world / f"{stage}_bf16")["losses"], rel=0.03)
        assert torch.nn.functional.cosine_similarity(update(name), want, dim=0) > 0.99


def test_a_process_that_is_killed_ends_the_job_and_the_rest_leave_a_checkpoint(world: Path) -> None:
    job = jobs(world)["finetune"]
    process = job.start("killed", *TWO, "--checkpoint-seconds", "0")
    wait_for(lambda: newest(world / ".resume") >= 5, process)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert len(children) == 2
    os.kill(int(children[1]), signal.SIGKILL)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1, errors
    assert "process 1 of 2 was ended by signal 9" in errors
    # The starter itself is killed: the others notice.
    process = job.start("killed", *TWO, "--checkpoint-seconds", "0")
    wait_for(lambda: newest(world / ".resume") >= 10, process)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.kill()
    process.communicate(timeout=120)
    deadline = time.monotonic() + 60
    while any(map(lives, children)):  # they write a checkpoint and leave the group: seconds
        assert time.monotonic() < deadline, children
        time.sleep(0.1)
    assert 10 <= newest(world / ".resume") < STEPS
    assert "resumed after step" in job.run("killed")


def lives(pid: str) -> bool:
    """Whether the process runs; one that has ended waits as a zombie where nobody takes its status (a container's init)."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


BESIDE = """
from grunflow.training import checkpoint_files
checkpoint_files.beside_training = lambda: True  # as where the model lies on GPUs
from grunflow.cli import main
main()
"""


def test_shards_written_beside_training_are_those_of_one_step(world: Path) -> None:
    """Two processes take further steps while their threads write, and are killed; one goes on from what was whole."""
    job = jobs(world)["finetune"]
    job.run("beside_one")
    (world / "beside.py").write_text(BESIDE)
    starter = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "beside.py"]
    command = [*starter, *job.command[1:], "--out", "beside", "--checkpoint-seconds", "0", *TWO]
    process = subprocess.Popen(command, cwd=world, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: newest(world / ".resume") >= 10, process)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert len(children) == 2
    for child in map(int, children):  # their starter would have them write a last one
        os.kill(child, signal.SIGKILL)
    _, said = process.communicate(timeout=120)
    assert "training waited" in said
    assert "checkpoint written after step" not in said
    step = newest(world / ".resume")
    assert f"resumed after step {step} from" in job.run("beside")
    same_training(world, "beside_one", "beside")
