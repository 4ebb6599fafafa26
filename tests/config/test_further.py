"""Attacks and sequences of a study: which jobs they mean, on which models, and what is refused of them."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from grunflow.commands.plan import plan
from grunflow.config.conditions import rounds
from grunflow.config.job import Job
from grunflow.config.jobs import all_jobs
from grunflow.config.reading import read_study
from grunflow.config.specs import Attack, Evaluate, Unlearn
from grunflow.errors import BadInput

ROOT = Path(__file__).parents[2]
ATTACK = {"carrier": "lora", "training": {"learning_rate": 1e-3, "batch_size": 8}, "steps": [0, 2]}
SEQUENCE = {"requests": 2, "how": "stacked"}


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.chdir(ROOT)
    return yaml.safe_load((ROOT / "config" / "demo.yaml").read_text())


def jobs(content: dict[str, Any]) -> list[Job]:
    return all_jobs(read_study(content))


def test_an_attack_is_put_to_every_run_that_it_fits_and_to_the_retain_models(demo: dict[str, Any]) -> None:
    tuned = {"attacker": "tuned", **ATTACK, "carrier": "grun"}
    removed = {"attacker": "removed", **ATTACK, "where": {"benchmark": ["tofu"]}}
    found = [
        job
        for job in jobs({**demo, "attacks": {"over": ATTACK, "tuned": tuned, "removed": removed}})
        if job.rule == "attack"
    ]
    on = {(job.spec.called, job.spec.run) for job in found if job.spec.run.endswith(("_t1", "_u1"))}
    tofu = {f"tiny/forget10/{objective}_{{}}_t1_u1" for objective in ("gd", "idk", "npo")}
    assert on == {
        *(("over", run.format(carrier)) for run in tofu for carrier in ("full", "lora", "grun")), ("over", "tiny/forget10/retain_t1"),
        *(("over", f"tiny-wmdp/rmu_{carrier}_u1") for carrier in ("full", "lora", "grun")), ("tuned", "tiny-wmdp/rmu_grun_u1"),
        *(("tuned", run.format("grun")) for run in tofu), ("tuned", "tiny/forget10/retain_t1"),
        *(("removed", run.format(carrier)) for run in tofu for carrier in ("lora", "grun")), ("removed", "tiny/forget10/retain_t1"),
    }  # fmt: skip
    by_attacker = {(job.spec.called, job.spec.attacker) for job in found if "retain" not in job.spec.run}
    assert by_attacker == {(name, name) for name in ("over", "tuned", "removed")}
    assert {job.spec.attacker for job in found if "retain" in job.spec.run} == {"over"}
    # What is removed is not read; the run's record is.
    inputs = next(job.inputs for job in found if job.folder.endswith("gd_grun_t1_u1/removed"))
    assert inputs["start"] == ("results/demo/tofu/runs/tiny/target_t1",)
    assert inputs["run"] == ("results/demo/tofu/runs/tiny/forget10/gd_grun_t1_u1",)


def test_an_attacker_opens_gates_by_its_loss_alone(demo: dict[str, Any]) -> None:
    tuned = {"attacker": "tuned", **ATTACK, "carrier": "grun"}
    found = [job.spec for job in jobs({**demo, "attacks": {"tuned": tuned}}) if isinstance(job.spec, Attack)]
    assert {spec.carrier.gate_weight for spec in found} == {0.0}


def test_nothing_of_a_study_changes_by_an_attack_or_a_sequence_but_what_reads_them(demo: dict[str, Any]) -> None:
    before = {job.folder: job.spec.model_dump_json() for job in jobs(demo)}
    after = {
        job.folder: job.spec.model_dump_json()
        for job in jobs({**demo, "attacks": {"over": ATTACK}, "sequences": {"two": SEQUENCE}})
    }
    changed = {folder.rsplit("/", 1)[-1] for folder, spec in before.items() if after[folder] != spec}
    assert changed == {"metrics", "tables", "figures"}


def test_runs_of_one_part_are_shared_and_the_whole_is_the_run_of_the_grid(demo: dict[str, Any]) -> None:
    on = {"carrier": ["grun"], "objective": ["gd"]}
    ways = {how: {"requests": 2, "how": how, "where": on} for how in ("stacked", "summed", "joint")}
    demo["seeds"] = demo["seeds"][:1]
    known = {job.folder for job in jobs(demo)}
    found = [job for job in jobs({**demo, "sequences": ways}) if job.folder not in known]
    trained = {job.spec.beneath != () for job in found if isinstance(job.spec, Unlearn)}
    assert trained == {True, False}
    assert sum(job.rule == "unlearn" for job in found) == 3  # part 1, part 2, part 2 on the run of part 1
    asked = {job.folder.split("/")[-2]: job.spec.summed for job in found if isinstance(job.spec, Evaluate)}
    assert asked == {
        "gd_grun_of2-0to1_t0_u0": None, "gd_grun_of2-0to1_t0_u0.gd_grun_of2-1to2_u0": None,
        "gd_grun_t0_u0.summed_1": pytest.approx(1.2), "gd_grun_t0_u0.summed_2": pytest.approx(1.8),
    }  # fmt: skip


def test_a_condition_is_put_to_the_runs_that_its_where_names_and_no_spec_changes(demo: dict[str, Any]) -> None:
    """A reference model has no method: its benchmark and model decide."""
    demo["conditions"] = {"paraphrased": {}, "way": {"kind": "scaled", "strengths": [0, 0.5, 1]}}
    every = {job.folder: job.spec for job in jobs(demo) if isinstance(job.spec, Evaluate)}
    on = {"carrier": ["grun"], "benchmark": ["tofu"]}
    demo["conditions"] = {name: {**keys, "where": on} for name, keys in demo["conditions"].items()}
    found = {job.folder: job.spec for job in jobs(demo) if isinstance(job.spec, Evaluate)}
    assert found.items() <= every.items()
    left_out = {folder for folder in every.keys() - found.keys()}
    assert left_out
    assert {folder.split("/")[-1] for folder in left_out} == {"paraphrased", "way"}
    assert not [folder for folder in left_out if ("_grun_" in folder and "/tofu/" in folder) or "/target_" in folder]


def test_seeds_in_a_where_name_replicates(demo: dict[str, Any]) -> None:
    """Of three replicates one is asked, attacked and forgotten in turn; its own retain model is attacked with it. WMDP's runs have no
    target seed, so that one decides nothing there."""
    on = {"target_seed": [1]}
    demo["conditions"] = {"paraphrased": {"where": on}}
    demo |= {
        "attacks": {"over": ATTACK | {"where": on}},
        "sequences": {"two": SEQUENCE | {"where": {"unlearn_seed": [2]}}},
    }
    found = jobs(demo)
    asked = {job.folder for job in found if isinstance(job.spec, Evaluate) and job.folder.endswith("/paraphrased")}
    assert len(asked) == 11  # nine methods, target and retain model
    assert all("_t1" in folder for folder in asked)
    attacked = [job.folder for job in found if job.rule == "attack" and "/tofu/" in job.folder]
    assert len(attacked) == 10
    assert all("_t1" in folder for folder in attacked)
    assert sum(job.rule == "attack" and "/wmdp/" in job.folder for job in found) == 9
    requests = {job.folder.split("_u")[-1] for job in found if job.rule == "unlearn" and "of2-" in job.folder}
    assert requests == {"2"}


@pytest.mark.parametrize(
    ("where", "message"),
    [
        (
            {"target_seed": [3]},
            "config.conditions.para.where.target_seed: got 3, expected one of the study's: 0, 1, 2.",
        ),
        (
            {"unlearn_seed": ["0"]},
            "config.conditions.para.where.unlearn_seed: got '0', expected one of the study's: 0, 1, 2.",
        ),
        ({"carrier": [0]}, "para.where.carrier: Unknown carrier '0'."),
        ({"carrier": ["gruen"]}, "para.where.carrier: Unknown carrier 'gruen'. Did you mean 'grun'?"),
        ("grun", "config.conditions.para.where: got 'grun', expected a mapping"),
        ({"seed": ["0"]}, "config.conditions.para.where.seed: Unknown key 'seed'"),
    ],
)
def test_a_condition_of_nothing_is_refused(demo: dict[str, Any], where: Any, message: str) -> None:
    with pytest.raises(BadInput, match=re.escape(message)):
        read_study({**demo, "conditions": {"para": {"kind": "paraphrased", "where": where}}})


def test_a_grid_that_rounds_nothing_is_no_rounding(demo: dict[str, Any]) -> None:
    """It is no condition that metrics are tried by."""
    demo["conditions"] = {
        "merged_only": {"kind": "merged", "grid": "none"},
        "nf4": {"kind": "quantised", "grid": "nf4"},
    }
    study = read_study(demo)
    assert [name for name in study.conditions if rounds(study, name)] == ["nf4"]


def test_a_plan_counts_what_they_cost(demo: dict[str, Any]) -> None:
    read = read_study({**demo, "attacks": {"over": ATTACK}, "sequences": {"two": SEQUENCE}})
    rows = plan(read)["stages"]
    assert rows["attack"]["jobs"] == 39  # 3 replicates of 9 methods and a retain model, and of 3 methods on WMDP
    assert rows["attack"]["flops"] > 0
    assert plan(read_study(demo))["stages"]["unlearn"]["jobs"] + 2 * 27 == rows["unlearn"]["jobs"]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"steps": [0]}, "over.steps: got [0], expected rising numbers, the last of them 1 or more."),
        ({"steps": [0, 2, 2]}, "over.steps: got [0, 2, 2], expected rising numbers"),
        ({"carrier": "lore"}, "config.carriers: Unknown carrier 'lore'. Did you mean 'lora'?"),
        ({"where": {"carrier": ["gruen"]}}, "over.where.carrier: Unknown carrier 'gruen'. Did you mean 'grun'?"),
        ({"where": {"carrier": ["full"]}, "attacker": "removed"}, "over: no run of the grid is one that it may be put to; change"),
        ({"training": {"learning_rate": 1e-3, "steps": 3}}, "over.training.steps: the attack takes as many steps as config.attacks.over.steps"),
        ({"training": {}}, "over.training.learning_rate: missing; add it."),
        ({"training": {"learning_rate": 1e-3, "batch_size": 3, "accumulation": 2}}, "over.training.accumulation: got 2, expected a divisor"),
        ({"carrier": "grun", "training": {"learning_rate": 1e-3, "weight_decay": 0.1}}, "over.training.weight_decay: got 0.1, expected 0"),
        ({"learns": "held_out"}, "over.learns: got 'held_out', but benchmark 'wmdp' trains on texts, of which no question is one"),
        ({"attacker": "tuned", "carrier": "reft"}, "over.carrier: got 'reft', a kind; expected one carrier of the study"),
        ({"learn": "forget"}, "over.learn: Unknown key 'learn'. Did you mean 'learns'?"),
    ],
)  # fmt: skip
def test_an_attack_without_a_meaning_is_refused(demo: dict[str, Any], keys: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=re.escape(message)) as caught:
        jobs({**demo, "attacks": {"over": ATTACK | keys}})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"how": "summed", "where": {"carrier": ["full"]}}, "two: no method of the grid may unlearn so"),
        ({"where": {"benchmark": ["wmdp"]}}, "two: no method of the grid may unlearn so"),
        (
            {"requests": 81},
            "two.requests: got 81, expected at most 80: benchmark 'tofu' has so many rows to forget.",
        ),
        ({"how": "added"}, "two.how: got 'added'"),
        ({"requests": 0}, "two.requests: got 0"),
        ({"where": {"objective": ["gdd"]}}, "two.where.objective: Unknown objective 'gdd'. Did you mean 'gd'?"),
    ],
)
def test_a_sequence_without_a_meaning_is_refused(demo: dict[str, Any], keys: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=re.escape(f"config.sequences.{message}")):
        jobs({**demo, "sequences": {"two": SEQUENCE | keys}})


def test_rows_of_one_table_have_names_of_their_own(demo: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match=r"config\.sequences\.over: attacks have one of that name"):
        jobs({**demo, "attacks": {"over": ATTACK}, "sequences": {"over": SEQUENCE}})
    with pytest.raises(BadInput, match=r"config\.attacks\.plain: conditions have one of that name"):
        jobs({**demo, "attacks": {"plain": ATTACK}})
