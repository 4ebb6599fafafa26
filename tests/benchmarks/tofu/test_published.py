"""The real benchmark read from a folder. Its text is beside the fixtures; without it those tests skip."""

from pathlib import Path

import pytest

from grunflow.benchmarks.tofu import published
from grunflow.benchmarks.tofu.declaration import declare
from grunflow.benchmarks.tofu.keys import Keys
from grunflow.benchmarks.tofu.splits import RETAIN_OF_FORGET, TOFU_ROWS
from grunflow.data.records import write_rows
from grunflow.errors import BadInput
from tests.shared import SHARED, needs_shared

REAL = SHARED / "tofu"


@needs_shared
def test_every_split_has_its_published_size() -> None:
    records = published.load(Keys(folder=str(REAL)))
    assert {split: len(rows) for split, rows in records.items()} == TOFU_ROWS


@needs_shared
def test_a_subset_keeps_the_forget_set_and_evaluates_only_what_is_trained() -> None:
    records = published.load(Keys(folder=str(REAL), retain_authors=20))
    assert len(records["retain90"]) == 400
    assert len(records["full"]) == 800
    full = {row["question"] for row in records["full"]}
    assert {row["question"] for row in records["retain_perturbed"]} <= full
    for forget, retain in RETAIN_OF_FORGET.items():
        assert len(records[forget]) + len(records[retain]) == 800
        assert not {r["question"] for r in records[forget]} & {r["question"] for r in records[retain]}


def stub_rows(count: int) -> list[dict]:
    return [{"question": f"q{i}", "answer": "a", "perturbed_answer": ["b"]} for i in range(count)]


def test_a_split_of_another_size_is_refused(tmp_path: Path) -> None:
    for split, count in TOFU_ROWS.items():
        write_rows(tmp_path / f"{split}.json", stub_rows(count - (split == "forget05")))
    with pytest.raises(BadInput, match="split forget05: got 199 rows, expected 200"):
        published.load(Keys(folder=str(tmp_path)))


def test_a_missing_split_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"full\.json: cannot read it: No such file"):
        published.load(Keys(folder=str(tmp_path)))


def write_splits(folder: Path) -> None:
    for split, count in TOFU_ROWS.items():
        write_rows(folder / f"{split}.json", stub_rows(count))


def test_a_folder_with_the_holdout_split_has_its_questions_asked_and_one_without_has_not(tmp_path: Path) -> None:
    """Of the membership probe alone: the four mia_* columns need questions that no model was trained on."""
    write_splits(tmp_path)
    keys = Keys(folder=str(tmp_path))
    assert "holdout" not in published.load(keys)
    assert [item.name for item in declare(keys).probes[-1].sets] == ["forget"]

    write_rows(tmp_path / "holdout10.json", [{"question": "who?", "answer": "nobody"}] * 3)
    assert len(published.load(keys)["holdout"]) == 3
    declared = declare(keys)
    assert [(item.name, item.role) for item in declared.probes[-1].sets] == [
        ("forget", "forget"),
        ("holdout", "holdout"),
    ]
    assert "holdout" not in [item.name for item in declared.probes[0].sets]
    assert str(tmp_path / "holdout10.json") in declared.files


def test_a_row_of_the_holdout_split_that_is_no_question_is_named(tmp_path: Path) -> None:
    write_splits(tmp_path)
    write_rows(tmp_path / "holdout10.json", [{"question": "who?", "answer": " "}])
    with pytest.raises(BadInput, match=r"TOFU split holdout10 line 1\.answer: blank"):
        published.load(Keys(folder=str(tmp_path)))


def test_the_hubs_files_have_a_holdout_from_the_revision_on_that_lists_it(tmp_path: Path, monkeypatch) -> None:
    """The card of the repository says which splits there are."""
    splits = [*TOFU_ROWS, "holdout10"]
    write_splits(tmp_path)
    write_rows(tmp_path / "holdout10.json", stub_rows(4))
    monkeypatch.setattr(published, "_snapshot", lambda keys: str(tmp_path))
    for listed, count in ((splits, 4), (splits[:-1], 0)):
        card = "".join(f"- config_name: {name}\n  data_files: {name}.json\n" for name in listed)
        (tmp_path / "README.md").write_text(f"---\nconfigs:\n{card}---\n")
        assert len(published.load(Keys()).get("holdout", ())) == count
    assert declare(Keys()).probes[-1].sets[-1].name == "holdout"
