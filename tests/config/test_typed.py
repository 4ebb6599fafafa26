"""Messages of the typed classes, and YAML that says a thing once."""

import re
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field, model_validator

from grunflow.config.base import NAME, Strict
from grunflow.config.typed import read_yaml, typed
from grunflow.errors import BadInput


class Inner(Strict):
    size: int = Field(1, ge=1)
    colour: Literal["red", "blue"] = "red"


class Other(Strict):
    width: int


class Outer(Strict):
    name: str
    inner: Inner = Inner()
    maybe: Inner | None = None
    several: tuple[Inner, ...] = ()
    named: dict[str, Inner] = {}
    either: Inner | Other | None = None
    where: dict[Literal["model", "carrier"], str] = {}
    called: dict[Annotated[str, Field(pattern=NAME)], int] = {}

    @model_validator(mode="after")
    def _related(self) -> "Outer":
        if self.name == "bad":
            raise ValueError("bad goes with nothing")
        return self


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "config.name: missing; add it."),
        ({"name": "a", "inner": {"sise": 1}}, "config.inner.sise: Unknown key 'sise'. Did you mean 'size'? Available: colour, size."),
        ({"name": "a", "maybe": {"sise": 1}}, "config.maybe.sise: Unknown key 'sise'. Did you mean 'size'?"),
        ({"name": "a", "several": [{}, {"sise": 1}]}, "config.several[1].sise: Unknown key 'sise'. Did you mean 'size'?"),
        ({"name": "a", "named": {"x": {"sise": 1}}}, "config.named.x.sise: Unknown key 'sise'. Did you mean 'size'?"),
        ({"name": "a", "several": [{"size": 0}]}, "config.several[0].size: got 0, expected greater than or equal to 1."),
        ({"name": "a", "inner": {"colour": "green"}}, "config.inner.colour: got 'green', expected 'red' or 'blue'."),
        ({"name": "a", "inner": {"size": True}}, "config.inner.size: got True, expected a number or a text, not true or false."),
        ({"name": "a", "where": {"modle": "x"}}, "config.where.modle: Unknown key 'modle'. Did you mean 'model'?"),
        ({"name": "a", "inner": {"size": 2**64}}, f"config.inner.size: got {2**64}, expected a number below 2**63."),
        ({"name": "a", "where": {3: "x"}}, "config.where[3]: got key 3, expected a text; put it in quotes."),
        ({"name": "a", "several": "b"}, "config.several: got 'b', expected a list."),
        ({"name": "a", "named": ["b"]}, "config.named: got ['b'], expected a mapping."),
        ({"name": "a", "called": {"../x": 1}}, "config.called['../x']: got name '../x', expected 1 to 64 lower-case letters"),
        ({"name": "a", "called": {"a b\n": "x"}}, "config.called"),
        ({"name": "a", "inner": 3}, "config.inner: got 3, expected"),
        ({"name": "bad"}, "config: bad goes with nothing."),
        ({"name": 3, "inner": {"size": 0}}, "config.name: got 3"),
    ],
)  # fmt: skip
def test_a_message_is_of_the_right_level_and_prints_no_whole_mapping(values: dict, message: str) -> None:
    with pytest.raises(BadInput, match="^" + re.escape(message)) as caught:
        typed(Outer, values, "config")
    assert "\n" not in str(caught.value)
    assert "{" not in str(caught.value)


def test_every_fault_is_told_and_a_typo_in_a_union_finds_its_keys() -> None:
    with pytest.raises(BadInput, match=r"config\.name: got 3.* config\.inner\.size: got 0"):
        typed(Outer, {"name": 3, "inner": {"size": 0}}, "config")
    with pytest.raises(BadInput, match=r"widht: Unknown key 'widht'\. Did you mean 'width'\?"):
        typed(Outer, {"name": "a", "either": {"widht": 1}}, "config")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "line 3: key 'a' stands there twice"),
        ("a:\n  b: 1\n  c: 2\n  b: 3\n", "line 4: key 'b' stands there twice"),
        ("a: [1, 2\n", "line 2: "),
        ("- 1\n", "holds list, expected a mapping"),
        ("", "holds NoneType, expected a mapping"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(text)
    with pytest.raises(BadInput, match=re.escape(message)) as caught:
        read_yaml(str(path), "--configfile")
    assert str(caught.value).startswith(f"--configfile: '{path}'")
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no file"):
        read_yaml(str(tmp_path / "absent"), "config.claims")
    with pytest.raises(BadInput, match="cannot read"):
        read_yaml(str(tmp_path), "config.claims")
    (tmp_path / "latin").write_bytes(b"a: \xe9\n")
    with pytest.raises(BadInput, match=r"latin' line 1: not UTF-8 \(byte 0xe9\); save the file as UTF-8"):
        read_yaml(str(tmp_path / "latin"), "config.claims")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a: 1\n".encode("utf-16"), "line 1: not UTF-8 (UTF-16)"),
        (b"a: \0", "is not YAML: unacceptable character"),
        (b"a: 2020-13-45", "is not YAML: month must be in 1..12"),
        (b"? [1, 2]\n: 3", "is not YAML: unhashable type"),
        (b"[" * 3000, "is not YAML: maximum recursion depth"),
        (b"a: !!python/object:os.system x", "line 1: could not determine a constructor"),
        (b"\x7fELF\x02\xf0", "not UTF-8"),
    ],
)
def test_what_is_no_text_or_no_yaml_is_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "study").write_bytes(content)
    with pytest.raises(BadInput, match=re.escape(message)) as caught:
        read_yaml(str(tmp_path / "study"), "--configfile")
    assert "\n" not in str(caught.value)


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    (tmp_path / "study").write_bytes("a: 1\n".encode("utf-8-sig"))
    assert read_yaml(str(tmp_path / "study"), "x") == {"a": 1}


def test_merged_keys_may_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text("base: &base {a: 1, b: 2}\nown: {<<: *base, b: 3}\n")
    assert read_yaml(str(path), "x")["own"] == {"a": 1, "b": 3}
