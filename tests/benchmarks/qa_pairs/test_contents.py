"""A folder of pairs is looked over when the study is read: what it holds, and what is wrong with it."""

import logging
from pathlib import Path
from typing import Any

import pytest
import yaml

from grunflow.benchmarks.qa_pairs.contents import survey
from grunflow.benchmarks.qa_pairs.declaration import declare
from grunflow.benchmarks.qa_pairs.keys import Keys
from grunflow.config.reading import read_study
from grunflow.errors import BadInput
from tests.benchmarks.qa_pairs.folders import WRONG, folder_of, pairs

ROOT = Path(__file__).parents[3]


def study(folder: Path, /, **keys: Any) -> Any:
    config = yaml.safe_load((ROOT / "config" / "your_data.yaml").read_text())
    sheet = {"models_sheet": str(ROOT / "config" / "your_data" / "models.yaml")}
    return read_study(config | sheet | {"benchmarks": {"mine": {"kind": "qa_pairs", "folder": str(folder)} | keys}})


def test_what_the_files_hold_is_counted(tmp_path: Path) -> None:
    keep = [*pairs("keep", 2), {"question": "谁？", "answer": "王明"}]
    held = survey(str(folder_of(tmp_path, forget=pairs("forget", 4, perturbed_answer=WRONG), keep_csv=keep)))
    assert list(held) == ["forget", "keep"]
    assert (held["forget"].rows, held["forget"].wrong, held["forget"].unseen) == (4, 4, 0)
    assert (held["keep"].rows, held["keep"].wrong, held["keep"].unseen, held["keep"].first_unseen) == (3, 0, 1, 4)
    assert held["keep"].longest_bytes == max(len((row["question"] + row["answer"]).encode()) for row in keep)


def test_a_spec_holds_what_was_found_and_needs_no_folder(tmp_path: Path) -> None:
    keys = Keys(folder=str(folder_of(tmp_path / "mine")))
    kept = keys.model_dump(mode="json")
    (tmp_path / "mine" / "keep.jsonl").unlink()
    assert Keys(**kept) == keys
    assert declare(Keys(**kept)).rows == {"sets/forget.jsonl": 3, "sets/keep.jsonl": 3}


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"keep_csv": pairs("keep"), "keep": pairs("keep")}, r"got keep\.jsonl and keep\.csv, expected one of them"),
        ({"forget": pairs("keep")}, r"keep\.jsonl line 1\.question: stands in forget\.jsonl line 1 too; keep it in one"),
        ({"holdout": pairs("keep")}, r"holdout\.jsonl line 1\.question: stands in keep\.jsonl line 1 too"),
        ({"keep": [{"question": "Who?"}]}, r"keep\.jsonl line 1: no key 'answer'"),
        ({"world": []}, r"world\.jsonl: no rows"),
    ],
)  # fmt: skip
def test_a_wrong_folder_is_refused_before_anything_starts(tmp_path: Path, files: dict, told: str) -> None:
    with pytest.raises(BadInput, match=rf"^config\.benchmarks\.mine: {tmp_path}.*{told}"):
        study(folder_of(tmp_path, **files))


def test_a_missing_folder_or_file_is_named_with_what_is_there(tmp_path: Path) -> None:
    with pytest.raises(
        BadInput, match=r"config\.benchmarks\.mine: no folder '.*/absent'; it is to hold forget\.jsonl and keep"
    ):
        study(tmp_path / "absent")
    folder_of(tmp_path / "half").joinpath("keep.jsonl").rename(tmp_path / "half" / "retain.jsonl")
    told = r"no file keep\.jsonl or keep\.json or keep\.csv; the folder holds forget\.jsonl, retain\.jsonl\."
    with pytest.raises(BadInput, match=told):
        study(tmp_path / "half")
    folder_of(tmp_path / "mute").joinpath("refusals.txt").write_text("\n")
    with pytest.raises(BadInput, match=r"refusals\.txt holds no sentence"):
        study(tmp_path / "mute")


def test_what_cannot_be_measured_is_told_when_the_study_is_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        study(folder_of(tmp_path))
    assert "config.benchmarks.mine: left out: KS and Forget Quality (no Truth Ratio on forget)" in caplog.messages
    assert "config.benchmarks.mine: left out: membership attacks and PrivLeak (no holdout file)" in caplog.messages


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"start": "bse"}, "start: got 'bse', expected 'target' or 'base'."),
        ({"folder": 4}, "folder: got 4, expected a text."),
        ({"contents": {}}, "contents: it is found in the folder; leave the key out."),
        ({"forget": "x"}, "forget: Unknown key 'forget'. Available: folder, questions, snapshots, start."),
    ],
)
def test_a_wrong_key_is_told_alone(tmp_path: Path, keys: dict[str, Any], told: str) -> None:
    """Not with what would have been read from the folder, nor is that offered as a key."""
    with pytest.raises(BadInput) as refused:
        study(folder_of(tmp_path), **keys)
    assert str(refused.value) == f"config.benchmarks.mine.{told}"
