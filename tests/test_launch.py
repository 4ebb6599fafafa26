"""What is refused before any process is started, and how several are told apart."""

import json
import re

import pytest

from grunflow import launch
from grunflow.config.models import Model
from grunflow.config.parts import Training
from grunflow.config.specs import Finetune, Unlearn
from grunflow.errors import BadInput
from grunflow.models.sharding import own
from tests.costs.made_up import carrier_of, objective_spec, unlearn
from tests.test_cli import failed_with, grunflow

FULL, LORA = carrier_of("full"), carrier_of("lora", rank=2, alpha=4, dropout=0.0)
STEERED = objective_spec("rmu", layer=1, steering=1, rmu_positions="tokens")

KAHAN = Finetune(
    benchmark="tofu", role="target", files=("sets/full.jsonl",), seed=0,
    model=Model(name="tiny", architecture={}, target=Training(learning_rate=1e-5, steps=1, precision="kahan")),
)  # fmt: skip


@pytest.mark.parametrize(
    ("spec", "processes", "message"),
    [
        (unlearn(objective_spec("gd"), LORA), 2, "got 2, but carrier lora is trained on one process"),
        (unlearn(STEERED, FULL), 2, "got 2, but rmu's passes end"),
        (unlearn(objective_spec("gd"), FULL), 0, "got 0, expected 1 or more"),
        (KAHAN, 2, "got 2, but precision is kahan, which is for one GPU"),
    ],
)
def test_what_is_not_trained_in_shards_is_refused(spec: Unlearn | Finetune, processes: int, message: str) -> None:
    with pytest.raises(BadInput, match=f"--processes: {message}"):
        launch.check(spec, processes)


@pytest.mark.parametrize(
    ("processes", "nodes", "message"),
    [
        (4, 3, "got 3, expected 1 or more that divides --processes (4)."),
        (2, 0, "got 0, expected 1 or more"),
        (4, 2, "got 2, but this is no SLURM job (SLURM_JOB_ID is not set), or has no srun;"),
    ],
)
def test_nodes_that_are_not_there_are_refused(
    monkeypatch: pytest.MonkeyPatch, processes: int, nodes: int, message: str
) -> None:
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    with pytest.raises(BadInput, match=re.escape(f"--nodes: {message}")):
        launch.check(unlearn(objective_spec("gd"), FULL), processes, nodes)


def test_full_training_is_not_refused() -> None:
    launch.check(unlearn(objective_spec("npo"), FULL), 2)
    launch.check(unlearn(objective_spec("npo"), LORA), 1)
    model = Model(name="tiny", architecture={})
    launch.check(Finetune(benchmark="tofu", model=model, role="target", files=("sets/full.jsonl",), seed=0), 8)


def test_the_command_line_refuses_before_it_starts_anything() -> None:
    spec = unlearn(objective_spec("gd"), LORA).model_dump(mode="json")
    done = grunflow("unlearn", "--spec", json.dumps(spec), "--out", "nowhere", "--processes", "2")
    failed_with(done, "--processes: got 2, but carrier lora")


@pytest.mark.parametrize("processes", [1, 2, 3])
@pytest.mark.parametrize("parts", [1, 2, 3, 4, 5])
def test_each_process_makes_as_many_passes_and_each_part_counts_once(
    monkeypatch: pytest.MonkeyPatch, processes: int, parts: int
) -> None:
    monkeypatch.setattr("grunflow.models.sharding.count", lambda: processes)
    taken = []
    for rank in range(processes):
        monkeypatch.setattr("grunflow.models.sharding.rank", lambda rank=rank: rank)
        taken.append(own(range(parts)))
    assert len({len(mine) for mine in taken}) == 1
    assert sorted(part for mine in taken for weight, part in mine if weight) == list(range(parts))
