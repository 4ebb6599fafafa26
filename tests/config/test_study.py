"""The shipped config, and what bad input is told."""

import logging
import math
import re
from pathlib import Path

import pytest
import yaml

from grunflow.config.methods import method
from grunflow.config.reading import read_study
from grunflow.config.runs import Part, Run
from grunflow.errors import BadInput

ROOT = Path(__file__).parents[2]


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> dict:
    monkeypatch.chdir(ROOT)
    return yaml.safe_load((ROOT / "config" / "demo.yaml").read_text())


def edit(config: dict, path: str, value) -> None:
    *parents, last = path.split("/")
    for key in parents:
        config = config[int(key)] if isinstance(config, list) else config.setdefault(key, {})
    config[last] = value


def refused(config: dict, message: str) -> None:
    with pytest.raises(BadInput, match=re.escape(message)) as caught:
        read_study(config)
    assert "\n" not in str(caught.value)


def test_an_override_changes_only_what_it_names(demo: dict) -> None:
    demo["overrides"] = [{"where": {"carrier": "grun", "objective": "gd"}, "training": {"learning_rate": 0.5}}]
    demo["grid"] = demo["grid"][:1]
    study = read_study(demo)
    rates = {
        carrier: method(study, "tofu", "tiny", "gd", carrier).training.learning_rate for carrier in ("full", "lora", "grun")
    }  # fmt: skip
    assert rates == {"full": 1e-3, "lora": 1e-2, "grun": 0.5}


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("grid/0/objectives", ["ndo"], "Unknown objective 'ndo'. Did you mean 'npo'?"),
        ("grid/0/carriers", ["grum"], "Unknown carrier 'grum'. Did you mean 'grun'?"),
        ("grid/0/model", "tinny", "Unknown model 'tinny'. Did you mean 'tiny'?"),
        ("grid/0/benchmark", "tofoo", "config.grid: Unknown benchmark 'tofoo'. Did you mean 'tofu'?"),
        ("grid/0/mdel", "tiny", "config.grid[0].mdel: Unknown key 'mdel'. Did you mean 'model'?"),
        ("grid", [], "config.grid: got []"),
        ("benchmarks/tofu/forget_split", "forget20", "config.benchmarks.tofu.forget_split: got 'forget20', expected"),
        ("benchmarks/tofu/world/autors", 9, "config.benchmarks.tofu.world.autors: Unknown key 'autors'. Did you mean"),
        ("benchmarks/tofu/world/authors", 3, "config.benchmarks.tofu.world.authors: got 3"),
        ("benchmarks/tofu/folder", "here", "config.benchmarks.tofu: give world (the generated data) or"),
        ("benchmarks/tofoo", {}, "config.benchmarks.tofoo: Unknown benchmark 'tofoo'. Did you mean 'tofu'?"),
        ("benchmarks/Mine", {"kind": "tofu"}, "config.benchmarks.Mine.name: got 'Mine'"),
        ("benchmarks/muse", {"kind": "tofu"}, "config.benchmarks.muse: got kind 'tofu' under the name of another kind"),
        ("benchmarks/wmdp/sources", {}, "config.benchmarks.wmdp.sources: give craft (generated domains), or forget"),
        ("benchmarks/wmdp/texts", {"fraction": 2}, "config.benchmarks.wmdp.texts.fraction: got 2"),
        ("benchmarks/wmdp/tasks/keep", ["mmlu"], "config.benchmarks.wmdp: the made-up domains are"),
        ("sedes", [], "config.sedes: Unknown key 'sedes'. Did you mean 'seeds'?"),
        ("seeds", [{"target_seed": 2**64, "unlearn_seed": 0}], f"config.seeds[0].target_seed: got {2**64}, expected"),
        (
            "seeds",
            [{"target_seed": True, "unlearn_seed": 0}],
            "config.seeds[0].target_seed: got True, expected a number",
        ),
        ("seeds", [{"target_seed": -1, "unlearn_seed": 0}], "config.seeds[0].target_seed: got -1"),
        ("seeds", [{"target_seed": 0, "unlearn_seed": 0}] * 2, "stands there twice; a replicate counts once"),
        ("vocabulary", True, "config.vocabulary: got True, expected a number"),
        (
            "conventions",
            {"preset": "autors"},
            "config.conventions.preset: got 'autors', expected 'authors', 'mended' or",
        ),
        ("conventions", {"presett": "x"}, "config.conventions.presett: Unknown key 'presett'. Did you mean 'preset'?"),
        ("training/full/learning_rate", -1, "training.full (npo x full).learning_rate: got -1"),
        ("training/full/learning_rate", math.nan, "training.full (npo x full).learning_rate: got nan"),
        ("training/full/learning_rate", True, "training.full (npo x full).learning_rate: got True, expected a number"),
        ("training/full/epochs", 2, "exactly one of steps and epochs"),
        ("training/full/accumulation", 3, "accumulation: got 3, expected a divisor of batch_size 16"),
        ("training/grun/weight_decay", 0.01, "training.grun.weight_decay: got 0.01, expected 0"),
        ("training/grum", {}, "Unknown carrier 'grum'. Did you mean 'grun'?"),
        ("variants", {"a": {"trainning": {}}}, "config.variants.a: Unknown key 'trainning'. Did you mean 'training'?"),
        ("grid/0/variants", {"full": ["absent"]}, "config.grid: Unknown variant 'absent'"),
        ("models_sheet", "config/nowhere.yaml", "config.models_sheet: no file 'config/nowhere.yaml'"),
        ("models_sheet", "config/claims.yaml", "config/claims.yaml: claims: got ["),
        ("max_new_tokens", 2**64, f"config.max_new_tokens: got {2**64}, expected a number below 2**63"),
        ("training/reft", {"stepps": 1}, "config.training.reft.stepps: Unknown key 'stepps'. Did you mean 'steps'?"),
        ("variants", {"a": {"training": {"steps": 0}}}, "config.variants.a.training.steps: got 0"),
        ("variants", {"a": {"carrier": {"rnk": 1}}}, "config.variants.a: Unknown key 'rnk'"),
        ("grid/0/variants", {"full": []}, "config.grid[0].variants.full: got [], expected at least 1"),
        ("grid/0/objectives", "gd", "config.grid[0].objectives: got 'gd', expected a list."),
        ("study", "../x", "config.study: got '../x', expected 1 to 64 lower-case letters"),
        ("study", "a; touch x", "config.study: got 'a; touch x', expected 1 to 64 lower-case letters"),
        ("objectives/mine", {"file": "absent.py"}, "config.objectives.mine.file: no file 'absent.py'"),
        ("claims", "absent.yaml", "config.claims: no file 'absent.yaml'"),
        ("claims", "config", "config.claims: cannot read 'config'"),
        ("published", ["absent.csv"], "config.published[0]: no file 'absent.csv'"),
        ("published", ["absent.yaml"], "config.published[0]: no file 'absent.yaml'"),
        ("published", ["config"], "config.published[0]: 'config' is no file"),
        ("published_logs", [{"name": "a", "log": "absent"}], "config.published_logs[0].log: no file 'absent'"),
        ("published_logs", [{"name": "a", "log": "x"}] * 2, "config.published_logs: two are called 'a'"),
        ("revisions", "config", "config.revisions: cannot read 'config'"),
        ("benchmarks/tofu", {"folder": "absent"}, "config.benchmarks.tofu: no file 'absent/full.json'"),
    ],
)
def test_bad_input_is_one_line_that_names_the_key(demo: dict, path: str, value, message: str) -> None:
    edit(demo, path, value)
    refused(demo, message)


BLOCKS = "expected different whole numbers from 0 to 3, blocks of model 'tiny'"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("carriers/grun/layers", [], f"carriers.grun (gd x grun).layers: got [], {BLOCKS}"),
        ("carriers/grun/layers", [1, 1, 2], f"carriers.grun (gd x grun).layers: got [1, 1, 2], {BLOCKS}"),
        ("carriers/grun/layers", [1, 9], f"carriers.grun (gd x grun).layers: got [1, 9], {BLOCKS}"),
        ("carriers/grun/layers", [True], f"carriers.grun (gd x grun).layers: got [True], {BLOCKS}"),
        ("carriers/grun/layers", 3, f"carriers.grun (gd x grun).layers: got 3, {BLOCKS}"),
        ("carriers/grun/rank", 999, "carriers.grun (gd x grun).rank: got 999, expected a whole number from 1 to 128"),
        ("carriers/grun/rank", True, "carriers.grun (gd x grun).rank: got True, expected a whole number"),
        ("carriers/grun/gate", "lineer", "carriers.grun (gd x grun).gate: got 'lineer', expected one of linear, mlp_3"),
        ("carriers/grun/gate", None, "carriers.grun (gd x grun): needs gate, and has none"),
        ("carriers/grun/gaet", "linear", "carriers.grun (gd x grun): Unknown key 'gaet'. Did you mean 'gate'?"),
        ("carriers/grun/gate_weight", math.inf, "carriers.grun (gd x grun).gate_weight: got inf, expected a number"),
        ("carriers/lora/gate", "linear", "carriers.lora (gd x lora): Unknown key 'gate'. Available: alpha, dropout, rank"),
        ("carriers/lora/rank", 0, "carriers.lora (gd x lora).rank: got 0, expected a whole number from 1"),
        ("carriers/lora/dropout", 1, "carriers.lora (gd x lora).dropout: got 1, expected a number from 0 to below 1"),
        ("carriers/full", {"layers": [0, 3], "parameters": "mlp.down_prj.weight"},
         "carriers.full (gd x full).parameters: got 'mlp.down_prj.weight', expected a parameter of block 0: input_layernorm.weight,"),
        ("carriers/full", {"layers": [0], "parameters": "lm_head.weight"}, "carriers.full (gd x full).parameters: got 'lm_head"),
        ("carriers/full", {"layers": [4], "parameters": "mlp.down_proj.weight"},
         "carriers.full (gd x full).layers: got [4], expected different whole numbers from 0 to 3"),
        ("carriers/lora/target_modules", ["q_proj"], "carriers.lora (gd x lora): Unknown key 'target_modules'. Available: alpha,"),
        ("objectives/rmu/layer", 0, "objectives.rmu (rmu x grun).layer: got 0, expected 1 or more: carrier grun acts at blocks 1, 2, 3"),
        ("carriers/full/layers", [1], "carriers.full (gd x full): layers and parameters go together; got layers alone"),
        ("carriers/spare", {"kind": "grum"}, "config.carriers.spare.kind: Unknown carrier 'grum'. Did you mean 'grun'?"),
        ("carriers/spare", {"kind": "lora", "rnk": 1}, "config.carriers.spare: Unknown key 'rnk'. Did you mean 'rank'?"),
        ("carriers/Spare", {"kind": "full"}, "config.carriers: got name 'Spare', expected 1 to 64 lower-case letters"),
        ("objectives/npo/beta", math.inf, "objectives.npo (npo x full).beta: got inf, expected a number above 0"),
        ("objectives/npo/beta", 0, "objectives.npo (npo x full).beta: got 0, expected a number above 0"),
        ("objectives/npo/beta", True, "objectives.npo (npo x full).beta: got True, expected a number above 0"),
        ("objectives/npo/beta", "0.1", "objectives.npo (npo x full).beta: got '0.1', expected a number above 0"),
        ("objectives/npo/retain_weight", math.inf, "objectives.npo (npo x full).retain_weight: got inf"),
        ("objectives/npo/retain_weight", True, "objectives.npo (npo x full).retain_weight: got True, expected a number"),
        ("objectives/npo/retain", "nlll", "objectives.npo (npo x full).retain: got 'nlll', expected 'none', 'nll'"),
        ("objectives/gd/reduction", "pooled", "objectives.gd (gd x full).reduction: got 'pooled', one mean over refusals"),
        ("objectives/gd", {"forget_weight": 0, "retain_weight": 0},
         "objectives.gd (gd x full): forget_weight, retain_weight and gate_weight are all 0"),
        ("objectives/gd", {"forget_weight": 0, "retain": "none"}, "objectives.gd (gd x full): forget_weight, retain_weight"),
        ("objectives/gd/retain", "match", "objectives.gd (gd x full).retain: got 'match'; match goes with objectives"),
        ("objectives/gd/layer", 1, "objectives.gd (gd x full): Unknown key 'layer'"),
        ("objectives/rmu/layer", 9, "objectives.rmu (rmu x grun).layer: got 9, expected a whole number from 0 to 3"),
        ("objectives/rmu", {}, "objectives.rmu (rmu x full): needs steering, and has none"),
        ("objectives/rmu/retain", "nll", "objectives.rmu (rmu x full).retain: got 'nll'; match goes with objectives"),
        ("objectives/rmu/steering", 0, "objectives.rmu (rmu x full).steering: got 0, expected a number above 0"),
        ("objectives/target", {"kind": "gd"}, "config: 'target' is the name of a reference model (target, retain, base)"),
        ("carriers/base", {"kind": "full"}, "config: 'base' is the name of a reference model"),
        ("grid/1/objectives", ["idk"], "config.grid: idk reads refusals, which benchmark 'wmdp' has none of"),
        ("objectives/npo/beta", 2**64, f"objectives.npo (npo x full).beta: got {2**64}, expected a number above 0 and below"),
        ("objectives/npo/beta", 10**400, "objectives.npo (npo x full).beta: got 1000"),
        ("objectives/npo/beta", "1e-3", "beta: got '1e-3', expected a number above 0; YAML reads it as a text: write a point"),
        ("conditions", {"half": {"kind": "scald"}}, "config.conditions.half.kind: Unknown condition 'scald'. Did you mean"),
        ("conditions", {"way": {"kind": "scaled", "strengths": [0, 0.5, 0.2, 1]}},
         "conditions.way.strengths: got [0, 0.5, 0.2, 1], expected a list of rising numbers from 0 to 1, both of them in it"),
        ("conditions", {"half": {"kind": "scaled", "strength": 2}}, "conditions.half.strength: got 2, expected a number"),
    ],
)  # fmt: skip
def test_a_bad_key_of_a_part_is_one_line_that_names_key_and_value(demo: dict, path: str, value, message: str) -> None:
    edit(demo, path, value)
    refused(demo, message)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ({"where": {"carrier": "grum"}}, "config.overrides[0].where.carrier: Unknown carrier 'grum'. Did you mean 'grun'?"),
        ({"where": {"model": "tinny"}}, "config.overrides[0].where.model: Unknown model 'tinny'. Did you mean 'tiny'?"),
        ({"where": {"carier": "x"}}, "config.overrides[0].where.carier: Unknown key 'carier'. Did you mean 'carrier'?"),
        ({"where": {"carrier": "grun"}}, "config.overrides[0]: sets nothing; give objective, carrier, training or texts"),
        ({"where": {"carrier": "reft"}, "training": {"stepps": 1}}, "config.overrides[0].training.stepps: Unknown key"),
        ({"where": {"carrier": "reft"}, "carrier": {"rank": 0}}, "config.overrides[0].rank: got 0, expected a whole"),
        ({"where": {"carrier": "full"}, "objective": {"layer": 1}}, "objectives.gd (gd x full): Unknown key 'layer'"),
        ({"where": {"carrier": "full"}, "texts": {"samples": 1}},
         "overrides.texts (gd x full): benchmark 'tofu' has no corpora to cut"),
        ({"where": {"benchmark": "wmdp"}, "texts": {"sample": 1}},
         "overrides.texts (rmu x full): Unknown key 'sample'. Did you mean 'samples'?"),
    ],
)  # fmt: skip
def test_an_override_that_can_never_apply_is_refused(demo: dict, override: dict, message: str) -> None:
    demo["overrides"].insert(0, override)
    refused(demo, message)


def test_an_override_that_matches_no_run_of_the_grid_is_warned_of(demo: dict, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        read_study(demo)
    assert caplog.text == ""
    demo["overrides"].append({"where": {"carrier": "reft"}, "training": {"steps": 1}})
    with caplog.at_level(logging.WARNING):
        read_study(demo)
    number = len(demo["overrides"]) - 1
    assert f"config.overrides[{number}]: no run of the grid matches {{'carrier': 'reft'}}" in caplog.text


def test_a_variant_that_no_row_of_the_grid_names_is_warned_of(demo: dict, caplog: pytest.LogCaptureFixture) -> None:
    demo["variants"] = {"short": {"training": {"steps": 2}}}
    with caplog.at_level(logging.WARNING):
        read_study(demo)
    assert "config.variants.short: no row of the grid names it; it changes nothing" in caplog.text


def test_a_condition_that_means_something_to_no_run_is_warned_of(demo: dict, caplog: pytest.LogCaptureFixture) -> None:
    """A gate is held where there is one; another prompt form reaches no question of lm-eval's."""
    demo["grid"] = [rows | {"carriers": ["full", "lora"]} for rows in demo["grid"] if rows["benchmark"] == "wmdp"]
    demo["overrides"], demo["selection"] = [], {}
    demo["objectives"]["rmu"] |= {"layer": 2}
    demo["conditions"] = {
        "nf4": {"kind": "quantised", "grid": "nf4"},
        "shut": {"kind": "gated", "gate": 0},
        "small": {"kind": "cased", "letters": "lower"},
    }
    with caplog.at_level(logging.WARNING):
        read_study(demo)
    told = [record.getMessage() for record in caplog.records]
    assert [line.split(":")[0] for line in told] == ["config.conditions.shut", "config.conditions.small"]
    assert "no run is put under it" in told[0]


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ({"heads": 3}, "tiny.architecture.heads: got 3, expected a number whose double divides hidden_size, 128"),
        (
            {"hidden_size": 132},
            "tiny.architecture.heads: got 4, expected a number whose double divides hidden_size, 132",
        ),
        ({"kv_heads": 3}, "tiny.architecture.kv_heads: got 3, expected a divisor of heads, 4"),
    ],
)
def test_heads_that_do_not_fit_are_refused_when_the_sheet_is_read(
    demo: dict, tmp_path: Path, shape: dict, message: str
) -> None:
    sheet = yaml.safe_load((ROOT / "config" / "models.yaml").read_text())
    sheet["tiny"]["architecture"] |= shape
    (tmp_path / "models.yaml").write_text(yaml.safe_dump(sheet))
    demo["models_sheet"] = str(tmp_path / "models.yaml")
    refused(demo, message)


def run_of(part: Part, carrier: str) -> Run:
    return next(run for run in part.unlearned if run.carrier == carrier)


def test_the_authors_preset_expands_and_a_key_beside_it_wins(demo: dict) -> None:
    demo["conventions"] = {"preset": "authors", "retain_sampling": "fresh"}
    study = read_study(demo)
    part = Part(study, "tofu")
    assert study.conventions.retain_sampling == "fresh"
    assert part.template(run_of(part, "grun")) == "authors"
    assert part.template(run_of(part, "full")) == part.template(part.references[0]) == "baseline"
    assert method(study, "tofu", "tiny", "gd", "grun").carrier.gate_loss == "probabilities"


def test_the_papers_settings_are_the_authors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Source: cmd_grun.sh and cmd_baseline.sh of renjie3/GRUN, commit b59fd78."""
    monkeypatch.chdir(ROOT)
    study = read_study(yaml.safe_load((ROOT / "config" / "paper.yaml").read_text()))
    assert len(Part(study, "tofu").unlearned) == 2 * 12 * 3

    def of(model: str, objective: str, carrier: str):
        return method(study, "tofu", model, objective, carrier)

    for name, gate in (("grun_linear", "linear"), ("grun_mlp", "mlp_3")):
        objective, carrier, training, _ = of("llama-3.1-8b", "npo", name)
        assert (objective.forget_weight, objective.beta, objective.retain_weight) == (100, 0.1, 1)
        assert (carrier.rank, carrier.layers, carrier.gate, carrier.gate_weight) == (4, (20, 25, 31), gate, 10)
        assert (training.learning_rate, training.epochs, training.batch_size) == (4e-3, 40, 16)
    assert of("llama-3.1-8b", "npo", "full").objective.forget_weight == 0.1375
    assert of("mistral-7b-v0.1", "gd", "grun_mlp").objective.retain_weight == 2
    assert of("mistral-7b-v0.1", "idk", "lora").objective.reduction == "pairs"


def test_the_environments_pins_are_those_of_the_lock_file() -> None:
    locked = set((ROOT / "envs" / "requirements.lock").read_text().splitlines())
    for path in (ROOT / "envs").glob("*.yaml"):
        pins = yaml.safe_load(path.read_text())["dependencies"][-1]["pip"]
        assert pins
        assert set(pins) <= locked, path.name
