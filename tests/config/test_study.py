"""The shipped config, and what bad input is told."""

import re
from pathlib import Path

import pytest
import yaml

from grunflow.config import runs
from grunflow.config.study import read_study
from grunflow.errors import BadInput

ROOT = Path(__file__).parents[2]


@pytest.fixture
def demo(monkeypatch) -> dict:
    monkeypatch.chdir(ROOT)
    return yaml.safe_load((ROOT / "config" / "demo.yaml").read_text())


def test_every_job_of_the_demo_has_a_spec_of_its_own(demo) -> None:
    study = read_study(demo)
    jobs = [runs.unlearn_spec(study, run).model_dump_json() for run in runs.unlearn_runs(study)]
    jobs += [runs.evaluate_spec(study, run).model_dump_json() for run in runs.all_runs(study)]
    jobs += [runs.finetune_spec(study, "tiny", role, seed).model_dump_json() for role in ("target", "retain")
             for seed in (0, 1, 2)]  # fmt: skip
    assert len(jobs) == len(set(jobs)) == 27 + 33 + 6


def test_an_override_changes_only_what_it_names(demo) -> None:
    demo["overrides"] = [{"where": {"carrier": "grun", "objective": "gd"}, "training": {"learning_rate": 0.5}}]
    study = read_study(demo)
    rates = {carrier: study.method("tiny", "gd", carrier)[2].learning_rate for carrier in ("full", "lora", "grun")}
    assert rates == {"full": 1e-4, "lora": 3e-4, "grun": 0.5}


def edit(config: dict, path: str, value) -> None:
    *parents, last = path.split("/")
    for key in parents:
        config = config[int(key)] if isinstance(config, list) else config[key]
    config[last] = value


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("grid/0/objectives", ["ndo"], "Unknown objective 'ndo'. Did you mean 'npo'?"),
        ("grid/0/carriers", ["grum"], "Unknown carrier 'grum'. Did you mean 'grun'?"),
        ("grid/0/model", "tinny", "Unknown model 'tinny'. Did you mean 'tiny'?"),
        ("forget_split", "forget20", "Unknown forget split 'forget20'"),
        ("sedes", [], "Unknown key 'sedes'. Did you mean 'seeds'?"),
        ("training/grun/learning_rate", -1, "training.grun (gd x grun).learning_rate: got -1"),
        ("training/grun/weight_decay", 0.01, "training.grun.weight_decay: got 0.01, expected 0"),
        ("carriers/grun/layers", [1, 9], "expected numbers from 0 to 3"),
        ("carriers/grun/rank", 999, "carriers.grun.rank: got 999, expected at most 128"),
        ("carriers/lora/gate", "linear", "carriers.lora: got keys"),
        ("world/authors", 3, "config.world.authors: got 3"),
        ("training/full/epochs", 2, "exactly one of steps and epochs"),
        ("models_sheet", "config/nowhere.yaml", "no file 'config/nowhere.yaml'"),
    ],
)
def test_bad_input_is_one_line_that_names_the_key(demo, path, value, message) -> None:
    edit(demo, path, value)
    with pytest.raises(BadInput, match=re.escape(message)) as caught:
        read_study(demo)
    assert "\n" not in str(caught.value)


def test_the_environments_pins_are_those_of_the_lock_file() -> None:
    locked = set((ROOT / "envs" / "requirements.lock").read_text().splitlines())
    for path in (ROOT / "envs").glob("*.yaml"):
        pins = yaml.safe_load(path.read_text())["dependencies"][-1]["pip"]
        assert pins
        assert set(pins) <= locked, path.name
