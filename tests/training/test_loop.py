"""The training loop on a least-squares problem with a known answer."""

from functools import partial

import pytest
import torch

from grunflow.config.parts import Training
from grunflow.errors import CheckFailed
from grunflow.training.loop import Share, Task, batches, micro_batches, rows_at_once, train
from grunflow.training.schedule import learning_rate_factor, total_steps


def fit(training: Training, seed: int = 0) -> torch.Tensor:
    model = torch.nn.ParameterDict({"weight": torch.zeros(2)})
    x = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, -1.0]])
    y = x @ torch.tensor([2.0, -1.0])

    def shares(rows: list[int], size: int):
        def loss(part: list[int]) -> torch.Tensor:
            return ((x[part] @ model.weight - y[part]) ** 2).sum() / len(rows)

        return [Share(partial(loss, part), 0.0) for part in micro_batches(rows, size)]

    order = batches(len(x), training.batch_size, torch.Generator().manual_seed(seed))
    train(Task(model, order, shares, len, "fit"), total_steps(training, len(x)), training)
    return model.weight.detach()


def test_it_finds_the_least_squares_answer() -> None:
    got = fit(Training(learning_rate=0.1, steps=300, batch_size=4, schedule="cosine"))
    assert torch.allclose(got, torch.tensor([2.0, -1.0]), atol=1e-2)


def test_accumulation_equals_one_large_batch() -> None:
    one = fit(Training(learning_rate=0.1, steps=20, batch_size=4))
    four = fit(Training(learning_rate=0.1, steps=20, batch_size=4, accumulation=4))
    assert torch.allclose(one, four, atol=1e-6)


@pytest.mark.parametrize(
    ("accumulation", "processes", "rows"),
    [(4, 1, 8), (32, 1, 1), (1, 2, 16), (4, 2, 8), (4, 3, 6), (4, 8, 4), (8, 3, 4), (32, 3, 1)],
)
def test_every_process_has_as_many_micro_batches_of_no_more_rows_than_asked_for(
    accumulation: int, processes: int, rows: int
) -> None:
    training = Training(learning_rate=0.1, steps=1, batch_size=32, accumulation=accumulation)
    assert rows_at_once(training, processes) == rows <= 32 // accumulation
    left = training.model_copy(update={"accumulation": None})
    assert rows_at_once(left, processes, accumulation) == rows
    assert rows_at_once(training, processes, 7) == rows  # what a spec says holds


def test_same_seed_same_bytes() -> None:
    training = Training(learning_rate=0.1, epochs=5, batch_size=3)
    assert torch.equal(fit(training, 1), fit(training, 1))
    assert not torch.equal(fit(training, 1), fit(training, 2))


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_the_rate_rises_to_one_and_falls_towards_zero(schedule: str) -> None:
    training = Training(learning_rate=1, steps=100, schedule=schedule, warmup_fraction=0.1)
    factors = [learning_rate_factor(step, 100, training) for step in range(100)]
    assert max(factors) == pytest.approx(1.0)
    assert factors.index(max(factors)) in (9, 10)
    assert factors[-1] < 0.02


def test_a_loss_that_is_not_finite_ends_the_run() -> None:
    model = torch.nn.Linear(1, 1)
    losses = iter([1.0, float("nan"), float("nan")])
    share = Share(lambda: model.weight.sum() * next(losses), 0.0)
    task = Task(model, iter([[0], [0], [0]]), lambda rows, size: [share], len, "nan")
    with pytest.raises(CheckFailed, match=r"at step 2 of 2; the loss was finite before: .*a lower learning rate often"):
        train(task, 2, Training(learning_rate=1, steps=2))
    with pytest.raises(
        CheckFailed, match="at step 1 of 1, before anything was trained: look for a text without labels"
    ):
        train(task, 1, Training(learning_rate=1, steps=1))
