"""A GPU's memory runs out: fewer rows at once, the same losses."""

import pytest
import torch

from grunflow.errors import Interrupted, OutOfMemory
from grunflow.job import running
from grunflow.training.loop import train
from tests.training.small import STEPS, TRAINING, Seen, job, result, task_of

pytestmark = pytest.mark.usefixtures("in_a_folder")


def test_out_of_memory_halves_the_rows_at_once_and_changes_no_loss(caplog: pytest.LogCaptureFixture) -> None:
    whole, halved = task_of(Seen(), dropout=0.0), task_of(Seen(), dropout=0.0, largest=3)
    want, got = train(whole, STEPS, TRAINING), train(halved, STEPS, TRAINING)
    assert got.losses == pytest.approx(want.losses, rel=1e-5)
    assert got.gradient_norms == pytest.approx(want.gradient_norms, rel=1e-5)
    assert got.tokens == want.tokens
    assert (want.measured(TRAINING)["accumulation"], got.measured(TRAINING)["accumulation"]) == (1, 4)
    assert [record.getMessage() for record in caplog.records if "out of memory" in record.getMessage()] == [
        "small: out of memory; from now on 4 rows at once",
        "small: out of memory; from now on 2 rows at once",
    ]


def test_it_gives_up_at_one_row_and_says_what_helps() -> None:
    with pytest.raises(OutOfMemory, match=r"one row at a time does not fit .* \(1 rows\); take a GPU with more"):
        train(task_of(Seen(), largest=0), STEPS, TRAINING)


def test_after_a_resume_it_does_not_try_what_ran_out_of_memory_again(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Interrupted), running(job()):
        train(task_of(Seen(10), largest=3), STEPS, TRAINING)
    caplog.clear()
    with running(job()):
        history = train(task_of(Seen(), largest=3), STEPS, TRAINING)
    assert history.micro_batch == 2
    assert not [record for record in caplog.records if "out of memory" in record.getMessage()]


@pytest.mark.parametrize(("failures", "fits"), [(1, True), (2, False)])
def test_moments_that_do_not_fit_beside_the_cache_are_allocated_once_more(
    monkeypatch: pytest.MonkeyPatch, failures: int, fits: bool
) -> None:
    """AdamW's moments are first allocated in its step, where the allocator still holds what the passes left."""
    whole = task_of(Seen())
    want = result(whole, train(whole, STEPS, TRAINING))
    left, plain = [failures], torch.optim.AdamW.step

    def step(self, closure=None):
        if left[0]:
            left[0] -= 1
            raise torch.OutOfMemoryError("moments")
        return plain(self, closure)

    monkeypatch.setattr(torch.optim.AdamW, "step", step)
    again = task_of(Seen())
    if fits:
        assert result(again, train(again, STEPS, TRAINING)) == want
    else:
        with pytest.raises(OutOfMemory, match=r"the optimiser's moments do not fit .* take a GPU with more"):
            train(again, STEPS, TRAINING)


@pytest.mark.parametrize("at", [1, 2, 5, 6])
def test_a_parameter_that_has_half_its_moments_gets_both(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Memory runs out within torch's AdamW, which makes two moments for each of three parameters; at: which allocation."""
    whole = task_of(Seen())
    want = result(whole, train(whole, STEPS, TRAINING))
    asked, plain = [0], torch.zeros_like

    def zeros_like(*arguments, **keys):
        if "memory_format" in keys:  # as AdamW asks for its moments
            asked[0] += 1
            if asked[0] == at:
                raise torch.OutOfMemoryError("moments")
        return plain(*arguments, **keys)

    again = task_of(Seen())
    monkeypatch.setattr(torch, "zeros_like", zeros_like)
    assert result(again, train(again, STEPS, TRAINING)) == want
    assert asked[0] > at
