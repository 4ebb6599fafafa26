"""A whole tiny study with attacks and sequences, its jobs one after the other by their commands' own arguments: what each row of
relearning and sequential is made of, and that it is what the runs themselves scored."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from grunflow import stage_command
from grunflow.config.job import Job
from grunflow.config.jobs import all_jobs
from grunflow.config.reading import read_study
from grunflow.data.records import read_rows
from grunflow.partial import arguments_of

ROOT = Path(__file__).parents[2]
TRAINING = {"learning_rate": 5e-3, "steps": 4, "batch_size": 8}
SHEET = {
    "mini": {
        "architecture": {"hidden_size": 16, "layers": 2, "heads": 2}, "base": {"learning_rate": 1e-2, "steps": 60, "batch_size": 16},
        "target": {"learning_rate": 1e-2, "steps": 120, "batch_size": 16}, "replayed": 5,
    }
}  # fmt: skip
ATTACKER = {"learning_rate": 5e-3, "batch_size": 8}
STUDY = {
    "study": "going", "title": "Going on", "models_sheet": "models.yaml", "max_new_tokens": 4,
    "benchmarks": {"tofu": {"world": {"authors": 20, "background_authors": 1, "holdout_authors": 1, "facts": 8}}},
    "seeds": [{"target_seed": 0, "unlearn_seed": 0}],
    "snapshots": {"count": 0},
    "grid": [{"benchmark": "tofu", "model": "mini", "objectives": ["gd"], "carriers": ["full", "lora", "grun"]}],
    "objectives": {"gd": {}},
    "carriers": {"lora": {"rank": 2, "alpha": 4, "dropout": 0.1},
                 "grun": {"rank": 2, "layers": [0, 1], "gate": "linear", "gate_weight": 1}},
    "training": {name: TRAINING for name in ("full", "lora", "grun")},
    "attacks": {
        "relearn": {"rows": 10, "carrier": "lora", "steps": [0, 1, 4], "training": ATTACKER},
        "rest": {"learns": "held_out", "parts": 2, "attacker": "removed", "carrier": "full", "steps": [0, 2], "training": ATTACKER,
                 "where": {"carrier": ["grun"]}},
        "edit": {"attacker": "tuned", "carrier": "grun", "steps": [0, 2], "training": ATTACKER},
    },
    "sequences": {
        "in_turn": {"requests": 2, "how": "stacked"},
        "added": {"requests": 2, "how": "summed"},
        "anew": {"requests": 2, "how": "joint", "where": {"carrier": ["grun"]}},
        "once": {"requests": 1, "how": "summed", "slope": 0, "constant": 1},
    },
}  # fmt: skip


def run(job: Job) -> None:
    stage_command.called(type(job.spec), arguments_of(job))


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study's folder, with every job done."""
    folder = tmp_path_factory.mktemp("going")
    (folder / "models.yaml").write_text(yaml.safe_dump(SHEET))
    shutil.copytree(ROOT / "envs", folder / "envs")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for job in all_jobs(read_study(STUDY)):
            run(job)
    return folder / "results" / "going"


def scores(study: Path, run: str) -> pd.DataFrame:
    return pd.read_parquet(study / "tofu" / "scores" / "mini" / "forget10" / run / "plain" / "answers.parquet")


def known(study: Path, run: str, asked: pd.Series) -> float:
    """Mean Probability of the forget questions that are asked, of a run as it is."""
    of_run = scores(study, run)
    kept = of_run[(of_run["set"] == "forget") & of_run["question"].isin(asked)]
    return np.exp(-kept["nll_answer"] / kept["n_answer"]).mean()


@pytest.mark.slow
def test_an_attack_begins_with_the_run_and_the_retain_model_is_attacked_alike(study: Path) -> None:
    robust, main = pd.read_csv(study / "tables" / "robustness.csv"), pd.read_csv(study / "tables" / "tofu_main.csv")
    assert sorted(set(robust["condition"])) == ["edit", "plain", "relearn", "rest"]
    relearnt = robust[robust["condition"] == "relearn"].fillna({"carrier": ""})
    assert set(zip(relearnt["objective"], relearnt["carrier"], relearnt["strength"], strict=True)) == {
        (*method, steps) for method in (("retain", ""), ("gd", "full"), ("gd", "lora"), ("gd", "grun")) for steps in (0, 1, 4)
    }  # fmt: skip
    figures = [
        name for name in ("forget_probability", "forget_rougeL", "model_utility", "ks_statistic") if name in main
    ]
    key = ["objective", "carrier"]
    begun = relearnt[relearnt["strength"] == 0].set_index(key)[figures]
    assert begun.to_dict() == main.fillna({"carrier": ""}).set_index(key).loc[begun.index, figures].to_dict()


@pytest.mark.slow
def test_the_rest_of_the_forget_set_is_asked_alone(study: Path) -> None:
    rows = read_rows(study / "tofu" / "data" / "sets" / "forget10.jsonl")
    asked = pd.read_parquet(
        study / "tofu" / "attacks" / "mini" / "forget10" / "gd_grun_t0_u0" / "rest" / "answers.parquet"
    )
    assert set(asked.loc[asked["set"] == "forget", "question"]) == {row["question"] for row in rows[len(rows) // 2 :]}
    table = (
        pd.read_csv(study / "tables" / "relearning.csv")
        .fillna({"carrier": ""})
        .set_index(["attack", "objective", "carrier"])
    )
    assert set(table.index) == {
        *(("relearn", "gd", carrier) for carrier in ("full", "lora", "grun")), ("relearn", "retain", ""),
        ("rest", "gd", "grun"), ("rest", "retain", ""), ("edit", "gd", "grun"), ("edit", "retain", ""),
    }  # fmt: skip
    # The gain counts from the run as it is; without its edit the run is the target, which knows at once all that was taken away.
    asked_alone = asked.loc[asked["set"] == "forget", "question"]
    assert table.loc[("rest", "gd", "grun"), "unlearnt"] == pytest.approx(
        known(study, "gd_grun_t0_u0", asked_alone), rel=1e-9
    )
    robust = pd.read_csv(study / "tables" / "robustness.csv").set_index(["condition", "objective", "strength"])
    assert robust.loc[("rest", "gd", 0), "forget_probability"] == pytest.approx(
        known(study, "target_t0", asked_alone), rel=1e-9
    )
    row, retain = table.loc[("relearn", "gd", "lora")], table.loc[("relearn", "retain", "")]
    assert row["gain"] == pytest.approx(row["relearnt"] - row["unlearnt"])
    assert row["beyond_retain"] == pytest.approx(row["gain"] - retain["gain"])


@pytest.mark.slow
def test_requests_in_turn_are_scored_each_on_its_own_questions(study: Path) -> None:
    table = pd.read_csv(study / "tables" / "sequential.csv").fillna({"carrier": ""})
    found = set(zip(table["sequence"], table["carrier"], table["step"], table["request"], strict=True))
    steps = ((1, 0), (1, 1), (2, 0), (2, 1), (2, 2))
    methods = [("in_turn", "full"), ("in_turn", "lora"), ("in_turn", "grun"), ("added", "grun"), ("anew", "grun")]
    assert found == {
        *((*method, *step) for method in methods for step in steps), ("once", "grun", 1, 0), ("once", "grun", 1, 1), ("once", "", 0, 1),
        *((name, "", 0, request) for name in ("in_turn", "added", "anew") for request in (1, 2)),
    }  # fmt: skip
    own = table[(table["sequence"] == "in_turn") & (table["carrier"] == "lora") & (table["step"] == 2)].set_index(
        "request"
    )
    halves = own.loc[[1, 2], "forget_probability"].mean()
    assert own.loc[0, "forget_probability"] == pytest.approx(halves)
    assert own["model_utility"].nunique() == 1


@pytest.mark.slow
def test_the_whole_forget_set_in_one_request_is_the_run(study: Path) -> None:
    pd.testing.assert_frame_equal(
        scores(study, "gd_grun_t0_u0.once_1"), scores(study, "gd_grun_t0_u0"), check_exact=True
    )
    assert not (study / "tofu" / "runs" / "mini" / "forget10" / "gd_grun_of2-0to2_t0_u0").exists()
    assert (study / "figures" / "relearning.pdf").is_file()
    assert (study / "figures" / "sequential.pdf").is_file()
