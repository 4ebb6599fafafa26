"""Checkpoints inside one process: every piece of state comes back, and a run that lacks one differs."""

import json
import shutil
import signal
from pathlib import Path

import pytest
import torch
from torch.distributed.checkpoint.state_dict import set_model_state_dict

from grunflow.errors import Interrupted
from grunflow.job import running
from grunflow.manifest import checksums
from grunflow.training import checkpoint, checkpoint_files
from grunflow.training.loop import History, train
from tests.training.small import STEPS, TRAINING, Seen, job, result, task_of

pytestmark = pytest.mark.usefixtures("in_a_folder")


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


def test_only_the_newest_of_timed_checkpoints_is_kept() -> None:
    with running(job(seconds=0.0)) as timed:
        train(task_of(Seen()), STEPS, TRAINING)
    assert [path.name for path in timed.folder.glob("step-*")] == [f"step-{STEPS - 1:09d}"]
