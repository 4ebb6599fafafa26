"""lm-eval's index, read in part: what is found is what the whole has, and where that is not sure the whole is read."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from grunflow.evaluation.task_index import folders_of, read_files, stands_whole, task_manager
from grunflow.evaluation.tasks import members


def entry(kind: str, below: list[Any] | None = None, tags: set[str] | None = None) -> SimpleNamespace:
    return SimpleNamespace(kind=SimpleNamespace(name=kind), cfg={"task": below or []}, tags=tags or set())


INDEX = {
    "one": entry("TASK"),
    "two": entry("TASK"),
    "some": entry("TAG", tags={"one", "two"}),
    "all": entry("GROUP", ["some", {"group": "pair"}]),
    "pair": entry("GROUP", ["one", {"task": "two"}]),
    "open": entry("GROUP", ["one", "far_off"]),
}


def test_a_name_is_found_in_the_folder_that_defines_it(tmp_path: Path) -> None:
    written = {
        "a/x.yaml": "task: one\ndataset_path: z\n",
        "a/tasks/y.yaml": "\"task\": 'two'\n",
        "b/g.yaml": "group: pair\ntask:\n  - one\n",
        "c/x.yaml": "task: twice\n",
        "d/x.yaml": "task: twice\n",
    }
    for name, text in written.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    files = read_files(tmp_path)
    assert set(files) == {str(tmp_path / name) for name in "abcd"}
    assert folders_of(["one", "two"], files) == {str(tmp_path / "a")}
    assert folders_of(["one", "pair"], files) == {str(tmp_path / "a"), str(tmp_path / "b")}
    for name in ("twice", "absent", "on"):
        assert folders_of(["one", name], files) == set()


@pytest.mark.parametrize(
    ("name", "elsewhere", "whole"),
    [
        ("one", "", True),
        ("pair", "", True),
        ("all", "tag: awesome\nlesson: some_more", True),
        ("all", "tag:\n  - some\n", False),
        ("open", "", False),
        ("absent", "", False),
    ],
)
def test_an_index_is_whole_where_every_name_below_is_in_it_and_no_tag_stands_elsewhere(
    name: str, elsewhere: str, whole: bool
) -> None:
    assert stands_whole([name], INDEX, [elsewhere]) is whole


def test_without_names_none_of_lm_evals_own_is_known() -> None:
    assert not task_manager(()).task_index


@pytest.mark.slow
def test_part_of_lm_evals_index_says_what_the_whole_says() -> None:
    from lm_eval.tasks import TaskManager

    names = ("wmdp_bio", "wmdp_cyber", "mmlu")
    part, whole = task_manager(names).task_index, TaskManager().task_index
    assert len(part) < 1000 < len(whole)
    for name in names:
        assert list(members(name, part)) == list(members(name, whole))
    assert task_manager(("ai2_arc",)).task_index.keys() == whole.keys()  # a tag: the whole
