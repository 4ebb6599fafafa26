"""Writing checkpoints, between steps and beside training: what lies in them, what waits, and what fails."""

import resource
import signal
import threading
from contextlib import nullcontext
from pathlib import Path

import pytest

from grunflow.errors import CheckFailed, Interrupted
from grunflow.job import running
from grunflow.training import checkpoint_files
from grunflow.training.loop import train
from tests.training.small import STEPS, TRAINING, Seen, job, result, task_of

pytestmark = pytest.mark.usefixtures("in_a_folder")


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


def test_an_older_checkpoint_that_stays_is_no_failure_of_the_new_one(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A file of it is still open over NFS: its folder cannot be removed."""

    remove = checkpoint_files.shutil.rmtree

    def busy(folder: Path, **keys: bool) -> None:
        if folder.name.startswith("step-") and not keys:  # not where any failure is ignored
            raise OSError(16, "Device or resource busy", str(folder))
        remove(folder, **keys)

    whole = task_of(Seen())
    want = result(whole, train(whole, STEPS, TRAINING))
    again = task_of(Seen())
    with monkeypatch.context() as patched, running(job(seconds=0.0)) as timed:
        patched.setattr(checkpoint_files.shutil, "rmtree", busy)
        assert result(again, train(again, STEPS, TRAINING)) == want
    assert "an older checkpoint that could not be removed (Device or resource busy)" in caplog.text
    assert "no checkpoint after" not in caplog.text
    assert checkpoint_files.newest_whole(timed) == timed.folder / f"step-{STEPS - 1:09d}"
