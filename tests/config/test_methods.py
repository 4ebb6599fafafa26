"""A study's own names of methods, and methods in files of its own."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from grunflow.config import jobs
from grunflow.config.facts import OBJECTIVE
from grunflow.config.jobs import all_jobs
from grunflow.config.methods import Method, method
from grunflow.config.outside import digest_of_file, load
from grunflow.config.reading import read_study
from grunflow.config.runs import Part
from grunflow.config.study import Resolved
from grunflow.errors import BadInput

ROOT = Path(__file__).parents[2]
MINE = '''"""Weighted ascent."""

READS = ("answers",)
REFERENCE = "nll"
RETAIN = "kl"
PARAMETERS = {"power": None, "offset": 0.5}
LIMITS = {"power": "positive"}


def forget(answers, refusals, spec):
    """Falls with the answers' likelihood."""
    return -spec.power * answers.current.nll_sum.mean()  # why
'''


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> dict:
    """The demo's TOFU part, one method."""
    monkeypatch.chdir(ROOT)
    found = yaml.safe_load((ROOT / "config" / "demo.yaml").read_text())
    del found["benchmarks"]["wmdp"], found["selection"]["wmdp"]
    found["grid"] = [{"benchmark": "tofu", "model": "tiny", "objectives": ["gd"], "carriers": ["grun"]}]
    found["overrides"] = []
    return found


@pytest.fixture
def mine(tmp_path: Path, study: dict) -> Path:
    """An objective of the user's own, in the study."""
    path = tmp_path / "my method.py"
    path.write_text(MINE)
    study["objectives"]["mine"] = {"file": str(path), "power": 2}
    study["grid"][0]["objectives"] = ["gd", "mine"]
    return path


def of(study: Resolved, objective: str, carrier: str = "grun") -> Method:
    return method(study, "tofu", "tiny", objective, carrier)


def refused(study: dict, message: str) -> None:
    with pytest.raises(BadInput, match=re.escape(message)) as caught:
        read_study(study)
    assert "\n" not in str(caught.value)


def test_both_gates_are_two_named_carriers(study: dict) -> None:
    shared = study["carriers"].pop("grun")
    study["carriers"] |= {
        "grun_linear": {**shared, "kind": "grun", "gate": "linear"},
        "grun_mlp": {**shared, "kind": "grun", "gate": "mlp_3"},
    }
    study["grid"][0]["carriers"] = ["grun_linear", "grun_mlp"]
    found = read_study(study)
    runs = {run.path for run in Part(found, "tofu").unlearned if run.unlearn_seed == 0}
    assert runs == {"tiny/forget10/gd_grun_linear_t0_u0", "tiny/forget10/gd_grun_mlp_t0_u0"}
    carriers = [of(found, "gd", name).carrier for name in ("grun_linear", "grun_mlp")]
    assert [(spec.name, spec.kind, spec.gate) for spec in carriers] == [
        ("grun_linear", "grun", "linear"), ("grun_mlp", "grun", "mlp_3"),
    ]  # fmt: skip
    # Training by the carrier's kind, as none is given by its name.
    assert of(found, "gd", "grun_mlp").training == of(found, "gd", "grun_linear").training
    assert len({job.folder for job in all_jobs(found)}) == len(all_jobs(found))


def test_overrides_match_by_name_or_by_kind(study: dict) -> None:
    study["carriers"]["wide"] = {**study["carriers"]["grun"], "kind": "grun", "rank": 8}
    study["objectives"]["gd_2"] = {"kind": "gd", "retain_weight": 2}
    study["grid"][0] |= {"objectives": ["gd", "gd_2"], "carriers": ["grun", "wide"]}
    study["overrides"] = [
        {"where": {"carrier": "grun"}, "training": {"steps": 7}},
        {"where": {"carrier": "wide", "objective": "gd"}, "training": {"steps": 9}},
        {"where": {"objective": "gd_2"}, "training": {"batch_size": 4}},
        {"where": {"benchmark": "tofu"}, "training": {"warmup_fraction": 0.5}},
    ]
    found = read_study(study)
    trained = {(o, c): of(found, o, c).training for o in ("gd", "gd_2") for c in ("grun", "wide")}
    assert {key: training.steps for key, training in trained.items()} == {
        ("gd", "grun"): 7, ("gd_2", "grun"): 7, ("gd", "wide"): 9, ("gd_2", "wide"): 9,
    }  # fmt: skip
    assert {training.batch_size for key, training in trained.items() if key[0] == "gd_2"} == {4}
    assert {training.warmup_fraction for training in trained.values()} == {0.5}


def test_a_benchmark_and_its_kind_may_have_two_names(study: dict) -> None:
    study["benchmarks"]["other"] = {"kind": "tofu", "world": {"seed": 1}}
    study["grid"].append({**study["grid"][0], "benchmark": "other"})
    folders = {job.folder for job in all_jobs(read_study(study))}
    assert {"results/demo/tofu/data", "results/demo/other/data"} <= folders


def test_two_methods_of_one_folder_are_refused(study: dict) -> None:
    study["objectives"]["gd_a"] = {"kind": "gd"}
    study["carriers"] |= {"b": {"kind": "full"}, "a_b": {"kind": "full"}}
    study["grid"] = [
        {"benchmark": "tofu", "model": "tiny", "objectives": ["gd_a"], "carriers": ["b"]},
        {"benchmark": "tofu", "model": "tiny", "objectives": ["gd"], "carriers": ["a_b"]},
    ]
    with pytest.raises(BadInput, match=r"two different specs for .*gd_a_b_t0_u0"):
        all_jobs(read_study(study))


def test_two_jobs_of_one_folder_that_read_something_else_are_refused(study: dict) -> None:
    job = next(job for job in all_jobs(read_study(study)) if job.rule == "unlearn")
    with pytest.raises(
        BadInput, match=f"config: two different inputs for {job.folder}; give one of the methods another name"
    ):
        jobs._check_same(job, replace(job, inputs={"data": ("elsewhere",)}))


def test_the_facts_of_a_method_in_a_file_are_read_without_running_it(study: dict, mine: Path) -> None:
    mine.write_text(MINE + "\nraise RuntimeError('it was run')\n")
    spec = of(read_study(study), "mine").objective
    assert (spec.name, spec.kind, spec.file) == ("mine", "", digest_of_file(mine))
    assert (spec.power, spec.offset, spec.retain) == (2, 0.5, "kl")
    assert str(mine) not in spec.model_dump_json()


def test_its_digest_changes_with_the_code_alone(mine: Path) -> None:
    before = digest_of_file(mine)
    mine.write_text("# a comment\n" + MINE.replace("  # why", "").replace("Falls with", "Goes with"))
    assert digest_of_file(mine) == before
    mine.write_text(MINE.replace(".mean()", ".sum()"))
    assert digest_of_file(mine) != before


def test_a_stage_loads_the_file_of_that_digest_and_no_other(study: dict, mine: Path, tmp_path: Path) -> None:
    spec = of(read_study(study), "mine").objective
    other = tmp_path / "other.py"
    other.write_text(MINE.replace("0.5", "0.7"))
    assert load(OBJECTIVE, spec, [other, mine]).PARAMETERS["offset"] == 0.5
    with pytest.raises(BadInput, match=f"mine is a method of digest {spec.file}"):
        load(OBJECTIVE, spec, [other])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("READS = ('answers',)\n", "defines no 'forget', which every objective does"),
        ("def forget(answers, refusals, spec:\n    return 0\n", "my method.py line 1: not Python: "),
        ("x = 1\n\ndef forget(answers refusals):\n", "my method.py line 3: not Python: "),
        (MINE.replace('("answers",)', '"answers"'), "READS is 'answers', expected a tuple of some of 'answers', 'refusals'"),
        (MINE.replace('("answers",)', '("answer",)'), "READS is ('answer',), expected a tuple of some of"),
        (MINE.replace('"nll"', '"logit"'), "REFERENCE is 'logit', expected one of '', 'nll', 'logits'"),
        (MINE.replace('RETAIN = "kl"', 'RETAIN = "kll"'), "RETAIN is 'kll', expected one of 'none', 'nll', 'kl', 'match'"),
        (MINE.replace('{"power": None, "offset": 0.5}', '["power"]'), "PARAMETERS is ['power'], expected a dict"),
        (MINE.replace('"positive"', '"positiv"'), "LIMITS: Unknown limit 'positiv'. Did you mean 'positive'?"),
        ("from .helper import x\n" + MINE, "imports a module beside it, and a method is one file"),
        (MINE.replace('"power": None', '"strength": None'), "Unknown key 'power'"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_method_is_told_so(study: dict, mine: Path, text: str, message: str) -> None:
    mine.write_text(text)
    refused(study, message)


def test_a_method_names_a_file_that_is_there_and_no_kind_beside_it(study: dict, mine: Path, tmp_path: Path) -> None:
    study["objectives"]["mine"] = {"file": str(mine), "kind": "gd"}
    refused(study, "config.objectives.mine: got kind and file; give one of them.")
    study["objectives"]["mine"] = {"file": str(tmp_path / "absent.py")}
    refused(study, "config.objectives.mine.file: no file ")
    study["objectives"]["mine"] = {"file": str(tmp_path)}
    refused(study, "expected a file that ends in .py")
    study["objectives"]["mine"] = {"file": str(mine), "power": 0}
    refused(study, "objectives.mine (mine x grun).power: got 0, expected a number above 0")
    study["objectives"]["mine"] = {"file": str(mine)}
    refused(study, "objectives.mine (mine x grun): needs power, and has none")
    study["objectives"]["retain"] = {"file": str(mine), "power": 1}
    refused(study, "'retain' is the name of a reference model")
