"""Files that people give: what is read of each form, and what a bad one is told."""

from pathlib import Path

import pytest

from grunflow.benchmarks.wmdp.keys import Source
from grunflow.data.sources import read_texts
from grunflow.errors import BadInput

KEY = "sources.forget.bio"


def read(path: Path, content: bytes | str) -> list[dict]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    return read_texts(Source(file=str(path)), KEY)


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ('\ufeff{"text": "one"}\n{"text": "two"}\n', [{"text": "one"}, {"text": "two"}]),
        ('[{"text": "one"},\n {"text": "two"}]', [{"text": "one"}, {"text": "two"}]),
        ("one\n\ntwo\n", [{"text": "one"}, {"text": "two"}]),
        ('{"question": "q", "answer": "a"}\n', [{"question": "q", "answer": "a"}]),
        ('{"text": "one"}\n{"text": " "}\n', [{"text": "one"}]),
    ],
)
def test_each_form_gives_its_rows(tmp_path: Path, content: str, rows: list[dict]) -> None:
    assert read(tmp_path / "texts", content) == rows


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"text": "one"}\n{"text": "tw', r"line 2: not JSON"),
        ('{"text": "one"}\n{"text": null}\n', r"line 2\.text: got NoneType \(null\), expected a text"),
        ('{"text": ["one"]}\n', r"line 1\.text: got list"),
        ('{"text": "one"}\n{"other": "two"}\n', r"line 2: no key 'text', got other"),
        ('{"text": "\\ud800"}\n', r"line 1\.text: half of a surrogate pair"),
        (b'{"text": "one"}\n{"text": "\xe9"}\n', r"line 2: not UTF-8"),
        ('[{"text": "one"}, 3]', r"row 2: got int, expected an object"),
        ("[]", r"an empty array"),
    ],
)
def test_what_is_wrong_is_named_by_key_file_and_line(tmp_path: Path, content: bytes | str, message: str) -> None:
    with pytest.raises(BadInput, match=r"sources\.forget\.bio: .*texts.*" + message) as caught:
        read(tmp_path / "texts", content)
    assert "\n" not in str(caught.value)
