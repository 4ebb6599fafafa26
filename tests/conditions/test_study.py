"""A study under conditions, one of them from outside the package, from its config to the table and the figure: every job is run in
this process, and reporting knows none of their names."""

import importlib
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from grunflow.config.job import Job
from grunflow.config.jobs import all_jobs
from grunflow.config.reading import read_study
from grunflow.manifest import identities_of, output_folder
from grunflow.work import Work

SHEET = """
mini:
  architecture: {hidden_size: 16, layers: 3, heads: 2}
  base: {learning_rate: 5.0e-3, steps: 6, batch_size: 8}
  target: {learning_rate: 5.0e-3, steps: 6, batch_size: 8}
  replayed: 4
"""
# As docs/extending.md shows one that asks otherwise.
BACKWARDS = '''
"""The question's words from the last to the first."""

from dataclasses import replace

PARAMETERS = {"words": None}
LIMITS = {"words": "count"}
STRENGTH = "words"


def put(asking, spec):
    def turned(asked, place, row):
        words = row["question"].split()
        return " ".join(words[: -spec.words] + words[: -spec.words - 1 : -1])

    return replace(asking, question_of=turned)
'''
STUDY = {
    "study": "asked", "title": "Asked otherwise", "models_sheet": "models.yaml", "max_new_tokens": 4, "vocabulary": 300,
    "benchmarks": {
        "tofu": {"world": {"authors": 10, "background_authors": 1, "holdout_authors": 1, "facts": 8}, "questions": 6},
        "wmdp": {"sources": {"craft": {"things": 8}}, "tasks": {"forget": ["forget_domain"], "keep": ["retain_domain"]}},
    },
    "seeds": [{"target_seed": 0, "unlearn_seed": 0}], "snapshots": {"count": 0},
    "grid": [{"benchmark": name, "model": "mini", "objectives": ["gd"], "carriers": ["full", "lora", "grun"]} for name in ("tofu", "wmdp")],
    "carriers": {
        "lora": {"rank": 2, "alpha": 8, "dropout": 0.1},
        "grun": {"rank": 2, "layers": [0, 2], "gate": "linear", "gate_weight": 1},
    },
    "training": {name: {"learning_rate": 5e-3, "steps": 6, "batch_size": 8} for name in ("full", "lora", "grun")},
    "conditions": {
        "turned": {"file": "backwards.py", "words": 3},
        "same": {"kind": "framed", "prompt": "{question}"},
        "drawn": {"kind": "sampled", "draws": 4, "k": 2},
        "deep": {"kind": "depth", "threshold": 0.0},
        "shut": {"kind": "gated", "gate": 0},
        "nf4": {"kind": "quantised", "grid": "nf4"},
        "nf4_merged": {"kind": "merged", "grid": "nf4"},
    },
}  # fmt: skip


def done(job: Job) -> None:
    """What the command does."""
    inputs = {name: [Path(folder) for folder in folders] for name, folders in job.inputs.items()}
    files, stage = tuple(map(Path, (*job.files, *job.methods))), importlib.import_module(f"grunflow.stages.{job.stage}")
    spec = job.spec.model_dump(mode="json")
    with output_folder(Path(job.folder), spec=spec, code="", inputs=identities_of(inputs)) as (draft, measured):
        measured |= stage.run(job.spec, Work(inputs, draft, 8, files)) or {}


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of a study that ran to its figures."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("study"))
        Path("models.yaml").write_text(SHEET)
        Path("backwards.py").write_text(BACKWARDS)
        for job in all_jobs(read_study(STUDY)):
            if job.stage != "report":
                done(job)
        return Path.cwd() / "results" / "asked"


@pytest.fixture(scope="module")
def robustness(where: Path) -> pd.DataFrame:
    assert (where / "figures" / "robustness.png").stat().st_size > 0
    return pd.read_csv(where / "tables" / "robustness.csv", keep_default_na=False)


def rows_of(table: pd.DataFrame, benchmark: str) -> dict[str, set[str]]:
    """Condition -> who has a row under it."""
    table = table[table["benchmark"] == benchmark]
    who = table["objective"] + " " + table["carrier"]
    return {str(name): set(part) for name, part in who.groupby(table["condition"])}


@pytest.mark.slow
def test_runs_are_put_under_what_means_something_to_them(robustness: pd.DataFrame) -> None:
    """Black-box conditions, one of the user's own among them, also to reference models; a gate is held where there is one, adapters are
    merged where there are some; what looks beside a run looks into the two models that it reads as well; another form reaches no question
    of lm-eval's, and is not claimed to, nor has WMDP a retain model."""
    models, methods = {"target ", "retain "}, {"gd full", "gd lora", "gd grun"}
    assert rows_of(robustness, "tofu") == {
        **dict.fromkeys(("plain", "turned", "same", "drawn", "deep"), models | methods),
        "nf4": methods, "shut": {"gd grun"}, "nf4_merged": {"gd lora"},
    }  # fmt: skip
    assert rows_of(robustness, "wmdp") == {
        "plain": {"base ", *methods}, "nf4": methods, "shut": {"gd grun"}, "nf4_merged": {"gd lora"},
    }  # fmt: skip
    told = robustness.drop_duplicates("condition").set_index("condition")
    assert told["access"].to_dict() == {
        "plain": "", "turned": "black-box", "same": "black-box", "drawn": "black-box", "deep": "white-box", "shut": "white-box", "nf4": "white-box",
        "nf4_merged": "white-box",
    }  # fmt: skip
    assert told["strength"].to_dict() == {
        "plain": "", "turned": "3.0", "same": "", "drawn": "2.0", "deep": "", "shut": "0.0", "nf4": "", "nf4_merged": ""
    }  # fmt: skip


@pytest.mark.slow
def test_leak_and_collateral_are_held_against_the_plain_question(robustness: pd.DataFrame) -> None:
    rows = robustness[robustness["benchmark"] == "tofu"].set_index(["condition", "objective", "carrier"]).sort_index()
    numbers = rows[["leak", "leak_lo", "leak_hi", "leak_change", "collateral"]].apply(pd.to_numeric)
    same, turned = (numbers.loc[name] for name in ("same", "turned"))
    assert (same[["leak_change", "collateral"]] == 0).all(axis=None)
    assert (turned["leak_change"] != 0).all()
    plain = numbers.loc["plain"]
    assert (turned["leak"] - plain["leak"]).to_numpy() == pytest.approx(turned["leak_change"].to_numpy())
    kept = pd.to_numeric(rows["retain_probability"])
    assert (kept.loc["plain"] - kept.loc["turned"]).to_numpy() == pytest.approx(turned["collateral"].to_numpy())
    assert (numbers["leak_lo"] <= numbers["leak"]).all()
    assert (numbers["leak"] <= numbers["leak_hi"]).all()
    assert set(rows.loc["drawn", "measure"]) == {"right_within_k"}
    assert set(rows.loc["plain", "measure"]) == {"probability"}


@pytest.mark.slow
def test_depth_lies_between_the_target_and_the_retain_model(robustness: pd.DataFrame) -> None:
    """Leak is 1 - UDS: 1 of the target, 0 of the retain model, exactly."""
    deep = robustness[robustness["condition"] == "deep"].set_index(["objective", "carrier"])
    assert set(deep["measure"]) == {"left_within"}
    leak = pd.to_numeric(deep["leak"])
    assert leak[("target", "")] == 1
    assert leak[("retain", "")] == 0
    assert leak.between(0, 1).all()
    assert leak[("gd", "grun")] > 0.5, "an edit of the last prompt token leaves what stands at the answer"


@pytest.mark.slow
def test_every_figure_is_the_same_by_definitions_written_down_a_second_time(where: Path) -> None:
    script = Path(__file__).parents[1] / "recompute.py"
    done = subprocess.run([sys.executable, script, where], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_a_shut_gate_leaks_what_the_target_does(robustness: pd.DataFrame) -> None:
    rows = robustness[robustness["benchmark"] == "tofu"].set_index(["condition", "objective", "carrier"]).sort_index()
    shut, target = rows.loc[("shut", "gd", "grun")], rows.loc[("plain", "target", "")]
    for name in ("leak", "retain_probability", "forget_rougeL", "model_utility", "mia_min_k"):
        assert shut[name] == target[name]
    assert (float(shut["forget_gate"]), float(shut["retain_gate"])) == (0, 0)
