"""The real benchmark read from a folder. Its text is beside the fixtures; without it those tests skip."""

from pathlib import Path

import pytest
from pydantic import ValidationError

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
    keys = Keys(folder=str(REAL), retain_authors=10, first_author=5, forget_authors=4)
    records, planned = published.load(keys), declare(keys).rows
    kept = published.load(Keys(folder=str(REAL)))["retain90"][100:300]
    for forget, retain in RETAIN_OF_FORGET.items():
        assert records[retain] == kept
        assert len(records[forget]) == min(80, TOFU_ROWS[forget])
        assert [row["question"] for row in records[forget]] == [
            row["question"] for row in records[f"{forget}_perturbed"]
        ]
    questions = {row["question"] for row in kept}
    assert {row["question"] for row in records["retain_perturbed"]} <= questions
    for split in ("retain95", "forget05", "forget10", "forget10_perturbed", "full"):
        assert planned[f"sets/{split}.jsonl"] == len(records[split])
    # One question of author 5 stands with another author, too.
    assert abs(planned["sets/retain_perturbed.jsonl"] - len(records["retain_perturbed"])) <= 1


def test_of_a_subset_target_models_learn_what_is_kept_and_what_this_split_forgets() -> None:
    some = declare(Keys(retain_authors=10, forget_split="forget01", questions=30))
    assert some.training["target"].files == ("sets/retain99.jsonl", "sets/forget01.jsonl")
    assert some.training["target"].split == "forget01"
    assert {item.rows for item in some.sets if item.name != "holdout"} == {30}
    every = declare(Keys(forget_split="forget01"))
    assert (every.training["target"].files, every.training["target"].split) == (("sets/full.jsonl",), "")


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"first_author": 3}, "of a subset: give retain_authors"),
        ({"references": ["target", "base"]}, "name both"),
        ({"retain_authors": 5, "world": {}}, "not both"),
    ],
)
def test_keys_that_have_no_meaning_together_are_refused(keys: dict, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Keys(**keys)


@needs_shared
@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (
            {"retain_authors": 10, "first_author": 175},
            r"first_author: got 175, and 10 authors from there on; retain90 has 180",
        ),
        (
            {"retain_authors": 10, "first_author": 30},
            r"retain_authors: got 10 from 30 on, of whom nothing is evaluated",
        ),
    ],
)
def test_authors_that_are_not_there_or_not_asked_are_refused(keys: dict, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        published.load(Keys(folder=str(REAL), **keys))


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
