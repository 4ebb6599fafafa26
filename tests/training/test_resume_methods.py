"""Every kind of method goes on from a checkpoint to the same bytes; also one whose loss never reaches part of what it trains."""

import os
import random
import signal
from pathlib import Path
from typing import Any

import pytest
import torch

from grunflow.carriers.stack import Stack
from grunflow.config.parts import CarrierSpec, Training
from grunflow.data.batching import collate
from grunflow.data.prompts import Example
from grunflow.errors import Interrupted
from grunflow.job import RunningJob, running
from grunflow.objectives.loading import objective as load
from grunflow.objectives.states import control_vector
from grunflow.training.loop import Task, Watch, batches, micro_batches, train
from grunflow.training.step import Texts, shares_of
from tests.parts import carrier as carrier_spec
from tests.parts import objective as objective_spec

STEPS = 8
TRAINING = Training(learning_rate=3e-3, steps=STEPS, batch_size=4)
BLOCKS = 4
EDITS = {"rank": 2, "gate": "linear", "gate_weight": 1}
# Carriers, and the blocks that they train: below, at, above and around the block whose output a state objective reads.
STATE_CARRIERS = {
    "full": carrier_spec("full"),
    "full_named": carrier_spec("full", layers=(0, 1, 3), parameters="mlp.down_proj.weight"),
    "lora": carrier_spec("lora", rank=2, alpha=4, dropout=0.1),
    "grun_below": carrier_spec("grun", layers=(0,), **EDITS),
    "grun_around": carrier_spec("grun", layers=(1, 2, 3), **EDITS),
    "reft_above": carrier_spec("reft", rank=2, layers=(0, 3)),
}
SCORED = [
    ("gd", "full"),
    ("npo", "lora"),
    ("idk", "grun_around"),
    ("undial", "lora"),
    ("dpo", "full_named"),
    ("kl", "reft_above"),
    ("npo", "full"),
    ("gd", "lora"),
    ("npo", "grun_around"),
    ("idk", "reft_above"),
]


def examples(seed: int) -> list[Example]:
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(6, 12, (8,), generator=generator).tolist()
    return [Example(torch.randint(3, 64, (n,), generator=generator).tolist(), 3 + n % 3) for n in lengths]


FORGET, REFUSALS, RETAIN = examples(0), examples(1), examples(2)


class Stop(Watch):
    """Sends this process SIGTERM after a step."""

    def __init__(self, at: int) -> None:
        self.at = at

    def __call__(self, done: int) -> None:
        if done == self.at:
            os.kill(os.getpid(), signal.SIGTERM)

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None: ...


def task(make_model, goal_name: str, keys: dict[str, Any], spec: CarrierSpec, stop: int) -> tuple[Stack, Task]:
    goal, stack = load(objective_spec(goal_name, **keys)), Stack(make_model())
    reference = Stack(make_model()) if goal.known else None
    stack.attach(spec, 0)
    control = control_vector(32, 5.0, 0) if goal.states else None

    def of(rows: list[Example], part: list[int]):
        return collate([rows[index] for index in part], 0)

    def shares(rows: list[int], size: int):
        parts = [
            Texts(
                of(FORGET, part) if goal.answers else None,
                of(REFUSALS, part) if goal.refusals else None,
                of(RETAIN, part),
            )
            for part in micro_batches(rows, 2)
        ]
        return shares_of(stack, reference, goal, parts, control)

    torch.manual_seed(7)  # dropout
    stack.model.train()
    order = batches(len(FORGET), 4, torch.Generator().manual_seed(5))
    return stack, Task(stack.top.trained_module, order, shares, len, "resume", Stop(stop))


def saved(stack: Stack, folder: Path) -> dict[str, bytes]:
    folder.mkdir()
    stack.save(folder)
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def goes_on_to_the_same_bytes(make_model, tmp_path: Path, name: str, keys: dict[str, Any], spec: CarrierSpec) -> None:
    stack, whole = task(make_model, name, keys, spec, -1)
    train(whole, STEPS, TRAINING)
    want = saved(stack, tmp_path / "whole")
    identity = {"stage": "unlearn", "out": "out", "spec": {}, "code": "0", "inputs": {}}
    for stop in sorted(random.Random(f"{name} {spec.name} {keys}").sample(range(1, STEPS), 2)):
        with pytest.raises(Interrupted), running(RunningJob(identity)):
            train(task(make_model, name, keys, spec, stop)[1], STEPS, TRAINING)
    stack, rest = task(make_model, name, keys, spec, -1)
    with running(RunningJob(identity)) as job:
        train(rest, STEPS, TRAINING)
    assert len(job.resumed_at_steps) == 2
    assert saved(stack, tmp_path / "resumed") == want


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("layer", range(BLOCKS))
@pytest.mark.parametrize("carrier", STATE_CARRIERS)
def test_a_state_objective_resumes_at_every_relation_of_its_block_and_what_is_trained(
    make_model, tmp_path: Path, carrier: str, layer: int
) -> None:
    """At layer 0 and edits above it without a gate nothing at all would get a gradient; every other case trains something."""
    keys = {"layer": layer, "steering": 5.0, "rmu_positions": "labels"}
    goes_on_to_the_same_bytes(make_model, tmp_path, "rmu", keys, STATE_CARRIERS[carrier])


@pytest.mark.slow
@pytest.mark.parametrize(("objective", "carrier"), SCORED)
def test_every_carrier_resumes_with_several_objectives(
    make_model, tmp_path: Path, objective: str, carrier: str
) -> None:
    goes_on_to_the_same_bytes(make_model, tmp_path, objective, {}, STATE_CARRIERS[carrier])
