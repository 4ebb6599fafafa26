"""Pairs that people give: read alike from JSON lines and CSV, refused with file, line and key."""

import json
from pathlib import Path

import pytest

from grunflow.benchmarks.qa_pairs.reading import read_pairs
from grunflow.errors import BadInput

ROW = {"question": "Who sings?", "answer": "Ada."}


def lines(folder: Path, *rows: object) -> Path:
    path = folder / "forget.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_json_lines_and_csv_give_the_same_rows(tmp_path: Path) -> None:
    (tmp_path / "keep.csv").write_text(
        "id,question,answer,paraphrased_answer,perturbed_answer,perturbed_answer_2\r\n"
        '1, 谁唱歌？ ,"Ada, 🎵",It is Ada.,Ben.,Cleo.\r\n'
        "2,Who dances?,Dan.,,,\r\n"
    )
    first = {
        "question": "谁唱歌？",
        "answer": "Ada, 🎵",
        "paraphrased_answer": "It is Ada.",
        "perturbed_answer": ["Ben.", "Cleo."],
    }
    second = {"question": "Who dances?", "answer": "Dan."}
    assert read_pairs(tmp_path / "keep.csv") == [(2, first), (3, second)]
    path = lines(tmp_path, first | {"id": 1}, second | {"perturbed_answer": [], "paraphrased_answer": None})
    assert read_pairs(path) == [(1, first), (2, second)]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"question": "Who?"}, r"line 2: no key 'answer', got question"),
        ({**ROW, "answer": "  "}, r"line 2\.answer: blank; expected a text\."),
        ({**ROW, "answer": 4}, r"line 2\.answer: got int \(4\), expected a text"),
        (
            {**ROW, "paraphrased_answer": ""},
            r"line 2\.paraphrased_answer: blank; expected a text, or leave the key out",
        ),
        ({**ROW, "perturbed_answer": "Ben."}, r"line 2\.perturbed_answer: got \"Ben.\", expected a list of texts"),
        (
            {**ROW, "perturbed_answer": ["Ben.", "Ada."]},
            r"line 2\.perturbed_answer: the right answer 'Ada\.' stands among",
        ),
        (
            {**ROW, "perturbed_answers": ["Ben."]},
            r"line 2: got key 'perturbed_answers'; did you mean 'perturbed_answer'\?",
        ),
        ({**ROW, "answer": "\ud800"}, r"line 2\.answer: half of a surrogate pair"),
        (["Who?"], r"line 2: got list, expected an object"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, row: object, told: str) -> None:
    with pytest.raises(BadInput, match=rf"forget\.jsonl {told}"):
        read_pairs(lines(tmp_path, ROW, row))
