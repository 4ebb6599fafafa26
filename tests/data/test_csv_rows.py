"""CSV files as spreadsheets write them."""

from pathlib import Path

import pytest

from grunflow.data.csv_rows import read_csv
from grunflow.errors import BadInput


def written(folder: Path, content: bytes) -> Path:
    path = folder / "keep.csv"
    path.write_bytes(content)
    return path


def test_a_spreadsheets_own_form_is_read_as_texts(tmp_path: Path) -> None:
    """A byte-order mark, CRLF, quotes, cells of several lines, Chinese, emoji, a blank line; lines are counted in the file."""
    path = written(tmp_path, '\ufeffquestion,answer\r\n"a ""b"", c","one\r\ntwo"\r\n,\r\n谁？,🦉\r\n'.encode())
    assert read_csv(path) == [
        (2, {"question": 'a "b", c', "answer": "one\ntwo"}),
        (5, {"question": "谁？", "answer": "🦉"}),
    ]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_separator_is_found_in_the_line_of_names(tmp_path: Path, separator: str) -> None:
    path = written(tmp_path, f"question{separator}answer\na{separator}b\n".encode())
    assert read_csv(path) == [(2, {"question": "a", "answer": "b"})]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", r"keep\.csv: no rows; expected names"),
        (b"question,answer\n", r"keep\.csv: no rows; expected names"),
        (b"question,answer,answer\na,b,c\n", r"line 1: got column 'answer' 2 times"),
        (b"question,answer,\na,b,c\n", r"line 1: got column '' 1 times"),
        (b"question,answer\na,b\nc,d,e\n", r"line 3: got 3 cells, expected 2 \(question, answer\); put a text"),
        (b'question,answer\na,b\n"c,d\n', r"line 3: not CSV \('unexpected end of data'\); put a text"),
        ("question,answer\nä,b\n".encode("latin-1"), r"keep\.csv line 2: not UTF-8 \(byte 0xe4\)"),
        ("question,answer\na,b\n".encode("utf-16"), r"keep\.csv line 1: not UTF-8 \(UTF-16\)"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, content: bytes, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        read_csv(written(tmp_path, content))
