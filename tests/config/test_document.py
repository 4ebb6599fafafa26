"""config/schema.json and the tables of config/README.md are what the typed config says, and every shipped config fits them."""

import subprocess
import sys
from difflib import unified_diff
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from grunflow.config import document
from grunflow.config.limits import LIMITS
from grunflow.config.schema import FORMS, check_described, schema
from grunflow.errors import BadInput

ROOT = Path(__file__).parents[2]
OTHERS = ("models", "claims")  # sheets, not studies
STUDIES = sorted(path.stem for path in (ROOT / "config").glob("*.yaml") if not path.stem.endswith((*OTHERS, ".lock")))


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    return schema()


def read(name: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / "config" / f"{name}.yaml").read_text())


def found(form: dict[str, Any], content: Any) -> list[str]:
    """Keys at which content does not fit."""
    return [".".join(map(str, error.absolute_path)) for error in Draft202012Validator(form).iter_errors(content)]


def test_the_files_are_what_the_command_writes(monkeypatch) -> None:
    monkeypatch.chdir(ROOT)
    for path, text in document.written().items():
        here = path.read_text() if path.is_file() else ""
        lines = unified_diff(here.splitlines(), text.splitlines(), str(path), "what the classes say", lineterm="", n=1)
        assert here == text, "\n".join([f"Run `{document.COMMAND}`:", *lines])


@pytest.mark.parametrize("name", STUDIES)
def test_shipped_studies_fit(whole, name) -> None:
    assert found(whole, read(name)) == []
    assert (ROOT / "config" / f"{name}.yaml").read_text().startswith("# yaml-language-server: $schema=schema.json\n")


def test_the_sheet_of_models_fits(whole) -> None:
    assert found({"$defs": whole["$defs"], "$ref": "#/$defs/models"}, read("models")) == []


@pytest.mark.parametrize(
    ("key", "value", "place"),
    [
        ("sedes", [], ""),
        ("seeds", [{"target_seed": -1, "unlearn_seed": 0}], "seeds.0.target_seed"),
        ("keep", "adapter", "keep"),
        ("benchmarks", {"tofu": {"forget_splitt": "forget10"}}, "benchmarks.tofu"),
        ("benchmarks", {"books": {"kind": "tofoo"}}, "benchmarks.books"),
        ("objectives", {"gd": {"beta": 0.1}}, "objectives.gd"),
        ("objectives", {"strong": {"beta": 0.1}}, "objectives.strong"),
        ("carriers", {"grun": {"gate": "mlp_4"}}, "carriers.grun"),
        ("training", {"full": {"learning_rte": 0.1}}, "training.full"),
        ("overrides", [{"where": {"carier": "full"}}], "overrides.0.where"),
        ("conditions", {"half": {"kind": "scaled", "strength": 2}}, "conditions.half"),
    ],
)
def test_what_does_not_fit_is_seen(whole, key, value, place) -> None:
    assert place in found(whole, read("demo") | {key: value})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (
            "objectives",
            {"strong": {"kind": "npo", "beta": 0.5}, "gd": {"kind": "ga"}, "own": {"file": "own.py", "tau": 1}},
        ),
        ("carriers", {"grun_mlp": {"kind": "grun", "gate": "mlp_3", "layers": None}}),
        ("conditions", {"half": {"kind": "scaled", "strength": 0.5}}),
    ],
)
def test_names_of_the_study_fit(whole, key, value) -> None:
    assert found(whole, read("demo") | {key: value}) == []


def test_every_limit_has_a_form() -> None:
    assert FORMS.keys() == LIMITS.keys()


def test_a_key_without_a_description_is_an_error() -> None:
    with pytest.raises(BadInput, match=r"Study\.seeds has no description"):
        check_described({"properties": {"seeds": {}}, "$defs": {}})


def test_no_torch_is_needed() -> None:
    code = "import sys, grunflow.config.document as d; d.schema(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
