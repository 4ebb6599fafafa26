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


def test_an_override_changes_only_what_it_names(demo) -> None:
    demo["overrides"] = [{"where": {"carrier": "grun", "objective": "gd"}, "training": {"learning_rate": 0.5}}]
    study = read_study(demo)
    rates = {carrier: study.method("tiny", "gd", carrier)[2].learning_rate for carrier in ("full", "lora", "grun")}
    assert rates == {"full": 1e-3, "lora": 3e-3, "grun": 0.5}


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
        ("training/full/learning_rate", -1, "training.full (gd x full).learning_rate: got -1"),
        ("training/grun/weight_decay", 0.01, "training.grun.weight_decay: got 0.01, expected 0"),
        ("carriers/grun/layers", [1, 9], "expected numbers from 0 to 3"),
        ("carriers/grun/rank", 999, "carriers.grun.rank: got 999, expected at most 128"),
        ("carriers/lora/gate", "linear", "carriers.lora: got keys"),
        ("conventions", {"preset": "autors"}, "config.conventions.preset: got 'autors'"),
        ("objectives/gd/reduction", "pooled", "objectives.gd.reduction: got 'pooled', which only idk has"),
        ("objectives/rmu/layer", 9, "objectives.rmu.layer: got 9, expected a number from 0 to 3"),
        ("objectives/rmu", {}, "layer and steering belong to rmu, which needs both"),
        ("objectives/rmu/retain", "nll", "objectives.rmu.retain: got 'nll'; rmu goes with match or none"),
        ("objectives/gd/retain", "match", "match with rmu only"),
        ("objectives/gd/layer", 1, "layer and steering belong to rmu"),
        ("wmdp/grid/0/objectives", ["idk"], "wmdp.grid: idk refuses questions, and corpora hold none"),
        ("wmdp/grid/0/model", "tiny", "wmdp.grid: model 'tiny' is in the TOFU grid too"),
        ("wmdp/sources", {}, "wmdp.sources: give craft (generated domains), or forget and retain"),
        ("wmdp/texts", {"fraction": 2}, "config.wmdp.texts.fraction: got 2"),
        ("overrides/0/where", {"carier": "full"}, "config.overrides.0.where.carier"),
        ("tofu", {}, "give exactly one of world (the generated data) and tofu"),
        ("variants", {"a": {"trainning": {}}}, "config.variants.a: Unknown key 'trainning'. Did you mean 'training'?"),
        ("grid/0/variants", {"full": ["absent"]}, "config.grid: Unknown variant 'absent'"),
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


def test_the_authors_preset_expands_and_a_key_beside_it_wins(demo) -> None:
    demo["conventions"] = {"preset": "authors", "retain_sampling": "fresh"}
    study = read_study(demo)
    assert study.conventions.retain_sampling == "fresh"
    assert study.template("grun") == "grun"
    assert study.template("full") == study.template("") == "baseline"
    assert study.method("tiny", "gd", "grun")[1].gate_loss == "probabilities"


def test_the_papers_settings_are_the_authors(monkeypatch) -> None:
    """Source: cmd_grun.sh and cmd_baseline.sh of renjie3/GRUN, commit b59fd78."""
    monkeypatch.chdir(ROOT)
    study = read_study(yaml.safe_load((ROOT / "config" / "paper.yaml").read_text()))
    assert len(runs.unlearn_runs(study)) == 2 * 9 * 3
    objective, carrier, training = study.method("llama-3.1-8b", "npo", "grun")
    assert (objective.forget_weight, objective.beta, objective.retain_weight) == (100, 0.1, 1)
    assert (carrier.rank, carrier.layers, carrier.gate_weight) == (4, (20, 25, 31), 10)
    assert (training.learning_rate, training.epochs, training.batch_size) == (4e-3, 40, 16)
    assert study.method("llama-3.1-8b", "npo", "full")[0].forget_weight == 0.1375
    assert study.method("mistral-7b-v0.1", "gd", "grun")[0].retain_weight == 2
    assert study.method("mistral-7b-v0.1", "idk", "lora")[0].reduction == "pooled"
