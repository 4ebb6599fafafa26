"""Checkpoints inside one process: every piece of state comes back, and a run that lacks one differs."""

import json
import math
import os
import resource
import shutil
import signal
import threading
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import pytest
import torch
from torch.distributed.checkpoint.state_dict import set_model_state_dict

from grunflow.config.parts import Training
from grunflow.errors import CheckFailed, Interrupted, OutOfMemory
from grunflow.job import RunningJob, running
from grunflow.manifest import checksums
from grunflow.training import checkpoint, checkpoint_files
from grunflow.training.loop import History, Share, Task, Watch, batches, micro_batches, train

STEPS, ROWS = 24, 12
TRAINING = Training(learning_rate=0.05, steps=STEPS, batch_size=8, schedule="cosine", weight_decay=0.1)
X = torch.randn(ROWS, 6, generator=torch.Generator().manual_seed(0))
Y = X.sum(dim=1, keepdim=True).sin()


class Seen(Watch):
    """Records the steps it was called at; sends this process `number` after step `at`."""

    def __init__(self, at: int = -1, number: int = signal.SIGTERM) -> None:
        self.steps: list[int] = []
        self.at, self.number = at, number

    def __call__(self, done: int) -> None:
        self.steps.append(done)
        if done == self.at:
            os.kill(os.getpid(), self.number)

    def state_dict(self) -> dict:
        return {"steps": self.steps}

    def load_state_dict(self, state: dict) -> None:
        self.steps = state["steps"]


def task_of(watch: Watch, dropout: float = 0.3, largest: float = math.inf) -> Task:
    """A small network with dropout and a frozen part; more than `largest` rows at once are out of memory."""
    torch.manual_seed(3)
    model = torch.nn.Sequential(
        torch.nn.Linear(6, 5), torch.nn.Tanh(), torch.nn.Dropout(dropout), torch.nn.Linear(5, 1)
    )
    model[0].bias.requires_grad_(False)

    def full(module: torch.nn.Module, inputs: tuple) -> None:
        if len(inputs[0]) > largest:
            raise torch.OutOfMemoryError(f"{len(inputs[0])} rows")

    model.register_forward_pre_hook(full)

    def shares(rows: list[int], size: int):
        def loss(part: list[int]) -> torch.Tensor:
            return ((model(X[part]) - Y[part]) ** 2).sum() / len(rows)

        return [Share(partial(loss, part), 6.0 * len(part)) for part in micro_batches(rows, size)]

    order = batches(ROWS, TRAINING.batch_size, torch.Generator().manual_seed(5))
    return Task(model, order, shares, len, "small", watch)


def job(seconds: float = 600.0) -> RunningJob:
    identity = {"stage": "small", "out": "out", "spec": {}, "code": "0", "inputs": {}}
    return RunningJob(identity, seconds)


def result(task: Task, history: History) -> tuple:
    weights = [parameter.tolist() for parameter in task.module.parameters()]
    return weights, history.losses, history.gradient_norms, history.tokens, task.watch.steps


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("number", checkpoint.SIGNALS)
def test_a_signal_finishes_the_step_and_the_next_run_goes_on_to_the_same_numbers(number: int) -> None:
    whole = task_of(Seen())
    want = result(whole, train(whole, STEPS, TRAINING))
    before = signal.getsignal(number)
    with pytest.raises(Interrupted, match=f"{number.name}: checkpoint written after step 10 of 24"), running(job()):
        train(task_of(Seen(10, number)), STEPS, TRAINING)
    assert signal.getsignal(number) is before
    (written,) = job().folder.glob("step-*")
    assert written.name == "step-000000010"
    again = task_of(Seen())
    with running(job()) as second:
        got = result(again, train(again, STEPS, TRAINING))
    assert got == want
    assert second.resumed_at_steps == [10]
    second.end()
    assert not second.folder.exists()


@pytest.mark.parametrize("part", ["generators", "history", "schedule", "watch", "optimizer"])
def test_without_one_piece_of_state_the_result_would_differ(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So the test above does look at each of them."""
    whole = task_of(Seen())
    want = result(whole, train(whole, STEPS, TRAINING))
    with pytest.raises(Interrupted), running(job()):
        train(task_of(Seen(10)), STEPS, TRAINING)
    (path,) = job().folder.glob("step-*/record.pt")
    record = torch.load(path, weights_only=True)
    again = task_of(Seen())
    if part == "generators":
        record[part]["cpu"] = torch.get_rng_state()
    elif part == "optimizer":
        monkeypatch.setattr(
            checkpoint,
            "set_state_dict",
            lambda module, optimizer, *, model_state_dict, optim_state_dict, options: set_model_state_dict(
                module, model_state_dict, options=options
            ),
        )
    else:
        others = {
            "history": History(micro_batch=8).state_dict(),
            "watch": {"steps": []},
            "schedule": {**record["carried"]["schedule"], "last_epoch": 3},
        }
        record["carried"][part] = others[part]
    torch.save(record, path)
    (path.parent / checkpoint_files.SUMS).write_text(json.dumps(_sums(path.parent)))
    with running(job()):
        assert result(again, train(again, STEPS, TRAINING)) != want


def test_what_a_killed_process_left_half_written_is_not_read() -> None:
    with pytest.raises(Interrupted), running(job()):
        train(task_of(Seen(10)), STEPS, TRAINING)
    (whole,) = job().folder.glob("step-*")
    draft = job().folder / ".draft-123"
    draft.mkdir()
    (draft / "record.pt").write_bytes(b"half")
    with running(job()) as second:
        train(task_of(Seen()), STEPS, TRAINING)
    assert second.resumed_at_steps == [10]
    assert not draft.exists()
    assert whole.is_dir()


def _sums(folder: Path) -> dict[str, str]:
    return {name: value for name, value in checksums(folder).items() if name != checkpoint_files.SUMS}


@pytest.mark.parametrize("harm", ["flip", "truncate", "remove"])
@pytest.mark.parametrize("name", ["record.pt", "__0_0.distcp"])
def test_a_damaged_checkpoint_is_set_aside_and_an_older_one_serves(
    harm: str, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A flipped byte gave other weights and status 0, a truncated file blocked every retry."""
    whole = task_of(Seen())
    want = result(whole, train(whole, STEPS, TRAINING))
    with pytest.raises(Interrupted), running(job()):
        train(task_of(Seen(10)), STEPS, TRAINING)
    (older,) = job().folder.glob("step-*")
    newer = older.with_name("step-000000012")
    shutil.copytree(older, newer)
    damaged = bytearray((newer / name).read_bytes())
    damaged[len(damaged) // 2] ^= 1
    if harm == "remove":
        (newer / name).unlink()
    else:
        (newer / name).write_bytes(damaged if harm == "flip" else damaged[: len(damaged) // 2])
    again = task_of(Seen())
    with running(job()) as second:
        assert result(again, train(again, STEPS, TRAINING)) == want
    assert second.resumed_at_steps == [10]
    assert "differs from its checksums, set aside as damaged-step-000000012" in caplog.text


@pytest.mark.parametrize("while_training", [False, True])
def test_a_disk_that_takes_no_checkpoint_ends_no_training(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, while_training: bool
) -> None:
    """Files may not grow beyond 100 bytes, as on a full disk."""
    monkeypatch.setattr(checkpoint_files, "beside_training", lambda: while_training)
    whole = task_of(Seen())
    want = result(whole, train(whole, STEPS, TRAINING))
    before, ignored = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        again = task_of(Seen())
        with running(job(seconds=0.0)):
            assert result(again, train(again, STEPS, TRAINING)) == want
        with pytest.raises(Interrupted, match="SIGTERM: no checkpoint could be written"), running(job()):
            train(task_of(Seen(10)), STEPS, TRAINING)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert "no checkpoint after step 1" in caplog.text
    assert not list(job().folder.glob(".draft-*"))


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the model lies on a GPU."""
    monkeypatch.setattr(checkpoint_files, "beside_training", lambda: True)


@pytest.mark.usefixtures("beside")
def test_written_beside_training_it_is_of_its_own_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk takes the checkpoint of step 1 only after all steps are done, which do not wait for it; nothing of theirs is in it."""
    whole = task_of(Seen())
    want = result(whole, train(whole, STEPS, TRAINING))
    trained, write = threading.Event(), checkpoint_files.dcp.save

    def slowly(*arguments, **keys) -> None:
        assert trained.wait(60), "training waits for the disk"
        write(*arguments, **keys)

    class Last(Seen):
        def __call__(self, done: int) -> None:
            super().__call__(done)
            if done == STEPS:
                trained.set()

    monkeypatch.setattr(checkpoint_files.dcp, "save", slowly)
    first, again = task_of(Last()), task_of(Seen())
    with running(job(seconds=0.0)) as timed:
        assert result(first, train(first, STEPS, TRAINING)) == want
    assert [path.name for path in timed.folder.glob("step-*")] == ["step-000000001"]
    with running(job()) as second:
        assert result(again, train(again, STEPS, TRAINING)) == want
    assert second.resumed_at_steps == [1]


@pytest.mark.usefixtures("beside")
@pytest.mark.parametrize(("free", "waits"), [(0.99, True), (1.01, False)])
def test_without_room_for_a_copy_training_waits(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, free: float, waits: bool
) -> None:
    """free: over what is needed, with a fifth left."""
    needed = (
        3 * 4 * (5 * 6 + 5 + 1) + 3 * 4
    )  # of each trained number two moments, too; of each tensor its count of steps
    found = int(free * needed / checkpoint_files.HOST_SHARE)
    monkeypatch.setattr(checkpoint_files.host_memory, "free", lambda: found)
    caplog.set_level("INFO", checkpoint_files.__name__)
    with running(job(seconds=0.0)) as timed:
        train(task_of(Seen()), STEPS, TRAINING)
    assert ("training waits for the checkpoint: a copy takes 0 MiB, 0 are free" in caplog.text) == waits
    assert ("training waited" in caplog.text) == (not waits)
    assert list(timed.folder.glob("step-*"))


@pytest.mark.usefixtures("beside")
def test_a_signal_waits_for_what_is_written_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk takes the checkpoint of step 1 only once the signal has come; then that of the signal's own step is written."""
    signalled, begun, write = threading.Event(), [], checkpoint_files.dcp.save

    def slowly(state, *, storage_writer, **keys) -> None:
        begun.append(storage_writer.path.name)
        assert signalled.wait(60), "training waits for the disk"
        write(state, storage_writer=storage_writer, **keys)

    class Noting(Seen):
        def __call__(self, done: int) -> None:
            super().__call__(done)
            if done == self.at:
                signalled.set()

    monkeypatch.setattr(checkpoint_files.dcp, "save", slowly)
    with pytest.raises(Interrupted, match="checkpoint written after step 10 of 24"), running(job(seconds=0.0)) as cut:
        train(task_of(Noting(10)), STEPS, TRAINING)
    assert begun == [".draft-000000001", ".draft-000000010"]
    assert [path.name for path in cut.folder.glob("*step-*")] == ["step-000000010"]
    assert checkpoint_files.newest_whole(cut) == cut.folder / "step-000000010"


@pytest.mark.usefixtures("beside")
@pytest.mark.parametrize("diverges", [False, True])
def test_a_write_that_fails_otherwise_neither_ends_a_finished_training_nor_hides_why_it_ended(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, diverges: bool
) -> None:
    ended = threading.Event()

    def fails(*_: object, **keys: object) -> None:
        assert ended.wait(60)
        raise RuntimeError("no such thing as a disk")

    class Last(Seen):
        def __call__(self, done: int) -> None:
            super().__call__(done)
            if done == STEPS:
                ended.set()
            if diverges and done == 3:
                ended.set()
                raise CheckFailed("diverged")

    monkeypatch.setattr(checkpoint_files.dcp, "save", fails)
    with running(job(seconds=0.0)), pytest.raises(CheckFailed, match="diverged") if diverges else nullcontext():
        train(task_of(Last()), STEPS, TRAINING)
    assert "the last checkpoint was not written" in caplog.text


def test_only_the_newest_of_timed_checkpoints_is_kept() -> None:
    with running(job(seconds=0.0)) as timed:
        train(task_of(Seen()), STEPS, TRAINING)
    assert [path.name for path in timed.folder.glob("step-*")] == [f"step-{STEPS - 1:09d}"]


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
