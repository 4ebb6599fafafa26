"""Siblings of the cases: other instances of the same kinds of bad input, each refused in one line by the command itself."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from grunflow.config.sets import Source
from grunflow.data.sources import read_questions, read_texts
from grunflow.errors import BadInput

ROOT = Path(__file__).parents[2]

TEXTS = {
    "UTF-16": ('{"text": "one"}\n'.encode("utf-16"), r"line 1: not UTF-8 \(UTF-16\)"),
    "binary": (bytes(range(256)), r"line \d+: not UTF-8"),
    "number": (b'{"text": 3}\n', r"line 1\.text: got int \(3\), expected a text"),
    "true": (b'{"text": true}\n', r"line 1\.text: got bool \(true\)"),
    "number in a row": (b'{"text": "one"}\n3\n', r"line 2: "),
    "null in a row": (b'{"text": "one"}\nnull\n', r"line 2: "),
    "array of texts": (b'["one", "two"]', r"row 1: got str, expected an object"),
    "cut array": (b'[{"text": "one"},', r"line 1: not JSON"),
    "empty": (b"", r"is empty; name a corpus"),
    "blank": (b" \n\n", r"is empty; name a corpus"),
    "only a mark": ("\ufeff".encode(), r"is empty; name a corpus"),
    "nested too deep": (b'{"text": ' + b"[" * 100000, r"line 1: not JSON"),
    "huge number": (b'{"text": ' + b"9" * 5000 + b"}", r"line 1: not JSON|got int"),
    "mixed forms": (b'{"text": "one"}\n{"question": "q", "answer": "a"}\n', r"line 2: no key 'text'"),
    "half a pair": (b'{"question": "q"}\n', r"line 1: no key 'text'"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_texts(name: str, tmp_path: Path) -> None:
    content, message = TEXTS[name]
    (tmp_path / "corpus.jsonl").write_bytes(content)
    with pytest.raises(BadInput, match=message) as caught:
        read_texts(Source(file=str(tmp_path / "corpus.jsonl")), "sources.forget.glass")
    assert "\n" not in str(caught.value)


QUESTIONS = {
    "lower-case letter": ({"answer": "b"}, r"line 1\.answer: got 'b', expected a number from 0 to 2, or its letter"),
    "letter beyond": ({"answer": "D"}, r"line 1\.answer: got 'D'"),
    "empty letter": ({"answer": ""}, r"line 1\.answer: got ''"),
    "two letters": ({"answer": "AB"}, r"line 1\.answer: got 'AB'"),
    "negative": ({"answer": -1}, r"line 1\.answer: got -1"),
    "true": ({"answer": True}, r"line 1\.answer: got True"),
    "float": ({"answer": 1.0}, r"line 1\.answer: got 1\.0"),
    "null": ({"answer": None}, r"line 1\.answer: got None"),
    "one choice": ({"choices": ["x"], "answer": 0}, r"line 1\.choices: got 1, expected two or more"),
    "no choices": ({"choices": []}, r"line 1\.choices: got \[\], expected a list of texts"),
    "text of choices": ({"choices": "red"}, r"line 1\.choices: got \"red\""),
    "null choice": ({"choices": ["x", None, "y"]}, r"line 1\.choices\.1: got NoneType"),
    "null question": ({"question": None}, r"line 1\.question: got NoneType"),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_questions(name: str, tmp_path: Path) -> None:
    change, message = QUESTIONS[name]
    row = {"question": "Which?", "choices": ["red", "blue", "grey"], "answer": 0} | change
    (tmp_path / "asked.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(BadInput, match=message) as caught:
        read_questions(Source(file=str(tmp_path / "asked.jsonl")), "sources.questions.glass")
    assert "\n" not in str(caught.value)


def plan(config: Path, cwd: Path = ROOT) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "grunflow.cli", "jobs", "--configfile", str(config)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)


@pytest.mark.parametrize("kind", ["folder", "binary", "absent", "list"])
def test_a_config_that_is_none_ends_with_status_2_and_one_line(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    if kind == "folder":
        path.mkdir()
    elif kind == "binary":
        path.write_bytes(b"\x7fELF\x00\xff")
    elif kind == "list":
        path.write_text("- 1\n")
    done = plan(path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr


def test_a_closed_pipe_is_no_traceback() -> None:
    """`grunflow jobs ... --json | head`."""
    command = f"{sys.executable} -m grunflow.cli jobs --configfile config/demo.yaml --json | head -c 10"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_a_domain_whose_name_leads_elsewhere_writes_nothing_there(tmp_path: Path) -> None:
    content = yaml.safe_load((ROOT / "config" / "demo.yaml").read_text())
    source = {"file": str(tmp_path / "x")}
    content["benchmarks"]["wmdp"]["sources"] = {"forget": {"../../x": source}, "retain": source}
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(content))
    done = plan(tmp_path / "study.yaml")
    assert done.returncode == 2
    assert "sources.forget['../../x']: got name '../../x', expected 1 to 64 lower-case letters" in done.stderr
