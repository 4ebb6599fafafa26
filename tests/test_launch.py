"""What is refused before any process is started, and how several are told apart."""

import json

import pytest

from grunflow import launch
from grunflow.config.specs import Carrier, Finetune, Model, Objective, Training, Unlearn
from grunflow.errors import BadInput
from grunflow.models.sharding import own
from tests.test_cli import failed_with, grunflow


def unlearn(carrier: Carrier, objective: Objective) -> Unlearn:
    return Unlearn(
        model="tiny", forget_split="forget05", objective=objective, carrier=carrier,
        training=Training(learning_rate=1e-3, steps=1), target_seed=0, unlearn_seed=0,
    )  # fmt: skip


FULL, LORA = Carrier(name="full"), Carrier(name="lora", rank=2, alpha=4, dropout=0.0)


@pytest.mark.parametrize(
    ("spec", "processes", "message"),
    [
        (unlearn(LORA, Objective(name="gd")), 2, "got 2, but carrier lora trains few parameters"),
        (unlearn(FULL, Objective(name="rmu", layer=1, steering=1)), 2, "got 2, but rmu's passes end"),
        (unlearn(FULL, Objective(name="gd")), 0, "got 0, expected 1 or more"),
    ],
)
def test_what_is_not_trained_in_shards_is_refused(spec: Unlearn, processes: int, message: str) -> None:
    with pytest.raises(BadInput, match=f"--processes: {message}"):
        launch.check(spec, processes)


def test_full_training_is_not_refused() -> None:
    launch.check(unlearn(FULL, Objective(name="npo")), 2)
    launch.check(unlearn(LORA, Objective(name="npo")), 1)
    launch.check(Finetune(model=Model(name="tiny", architecture={}), role="target", seed=0), 8)


def test_the_command_line_refuses_before_it_starts_anything() -> None:
    spec = unlearn(LORA, Objective(name="gd")).model_dump(mode="json")
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
