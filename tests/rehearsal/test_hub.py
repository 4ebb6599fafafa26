"""A made cache is read as a hub's is, offline, in a process of its own: the libraries read their variables when imported."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from grunflow.errors import BadInput
from grunflow.rehearsal.hub import add_loaded, add_repository, environment, write_dataset
from grunflow.rehearsal.tasks import FIELDS, add_tasks, fields

ROWS = {
    "default": {"test": [{"question": "Ein Kessel?", "choices": ["é", "b"], "answer": 1}]},
    "other": {"dev": [{"a": 1}]},
}
READ = """
import json, sys
from datasets import load_dataset
from huggingface_hub import snapshot_download
folder = snapshot_download("org/Made-Up", repo_type="dataset", revision=sys.argv[1])
rows = list(load_dataset(folder, "default", split="test")), list(load_dataset(folder, "other", split="dev"))
loaded = list(load_dataset("org/Made-Up", "default")["test"])
print(json.dumps([folder.rpartition("/")[2], *rows, loaded]))
"""


def test_what_is_put_there_is_found_offline(tmp_path: Path) -> None:
    commit = add_repository(tmp_path, "dataset", "org/Made-Up", lambda folder: write_dataset(folder, ROWS))
    add_loaded(tmp_path, "org/Made-Up", ROWS)
    done = subprocess.run(
        [sys.executable, "-c", READ, commit], env=os.environ | environment(tmp_path), capture_output=True, text=True
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    asked = ROWS["default"]["test"]
    assert json.loads(done.stdout) == [commit, asked, ROWS["other"]["dev"], asked]


def test_a_commit_follows_from_the_files_and_replaces_what_was_there(tmp_path: Path) -> None:
    def made(rows: dict) -> str:
        return add_repository(tmp_path, "dataset", "org/x", lambda folder: write_dataset(folder, rows))

    first, other, again = made(ROWS), made({"default": {}}), made(ROWS)
    assert first == again != other
    assert [path.name for path in (tmp_path / "hub/datasets--org--x/snapshots").iterdir()] == [first]


@pytest.mark.parametrize(
    ("config", "known"),
    [
        ({"doc_to_text": "{{question.strip()}}\nA. {{choices[0]}}", "doc_to_choice": ["A", "B"], "doc_to_target": "answer"}, True),
        ({"doc_to_text": "{{ctx}}", "doc_to_target": "answer"}, False),
        ({"doc_to_text": "!function utils.text", "doc_to_target": "answer"}, False),
        ({"doc_to_text": "question", "process_docs": "!function utils.docs"}, False),
        ({"doc_to_text": "{{question", "doc_to_target": "answer"}, False),
    ],
)  # fmt: skip
def test_a_task_of_the_known_form_is_told_from_others(config: dict, known: bool) -> None:
    assert (fields(config) <= FIELDS) == known


@pytest.mark.slow
def test_a_task_of_another_form_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="tasks: hellaswag reads another form than question, choices and answer"):
        add_tasks(tmp_path, ["hellaswag"])
