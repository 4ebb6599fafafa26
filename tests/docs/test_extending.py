"""docs/extending.md holds: its examples run as they stand there, and take what its table says."""

import ast
import json
import re
import shutil
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.docs.examples import apply, examples, merged, new_files, page
from tests.workflow.small_study import BIN, ROOT, call, copy, planned, snakemake

PACKAGE = ROOT / "src" / "grunflow"
TRAINING = {"learning_rate": 1e-2, "steps": 4, "batch_size": 4}
SHAPE = {"hidden_size": 16, "layers": 2, "heads": 2}
SHEET = {"tiny": {"architecture": SHAPE, "base": TRAINING, "target": TRAINING, "replayed": 5}}
# Its gate and its prompts are examples of the page, too.
BASE = {
    "study": "small", "title": "Small", "models_sheet": "config/models.yaml", "max_new_tokens": 2, "vocabulary": 300,
    "benchmarks": {"tofu": {"world": {"authors": 10, "background_authors": 1, "holdout_authors": 1, "facts": 8}}},
    "seeds": [{"target_seed": 0, "unlearn_seed": 0}],
    "grid": [{"benchmark": "tofu", "model": "tiny", "objectives": ["gd"], "carriers": ["grun"]}],
    "training": {"grun": TRAINING}, "snapshots": {"count": 0},
}  # fmt: skip
BENEATH = ("A gate", "A prompt template")
RESULTS = "results/small"
PAGES = ["tables", "figures", "report"]
SCORED = ["tofu/metrics", *PAGES]  # what follows from the scores of a benchmark


def method(name: str) -> list[str]:
    """Folders of an unlearning run and of its scores, and what follows from them."""
    return [f"tofu/runs/{name}", f"tofu/scores/{name}/plain", *SCORED]


CAPITALS = ("base", "gd_grun_u0")
# Section of the page -> folders below results/small that are made, or made again.
ADDED = {
    "An objective": method("tiny/forget10/wga_grun_t0_u0"),
    "An objective beside the study": method("tiny/forget10/flat_grun_t0_u0"),
    "A carrier": method("tiny/forget10/gd_shift_t0_u0"),
    "A metric": SCORED,
    "A condition": ["tofu/scores/tiny/forget10/gd_grun_t0_u0/noisy", *SCORED],
    "A benchmark": [
        "capitals/data", "capitals/metrics", *(f"capitals/runs/tiny/{name}" for name in (*CAPITALS, "frozen")),
        *(f"capitals/scores/tiny/{name}/plain" for name in CAPITALS), *PAGES,
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small study that ran to its end, in a copy of the work tree."""
    folder = copy(tmp_path_factory.mktemp("base"))
    (folder / "config").mkdir()
    (folder / "config" / "models.yaml").write_text(yaml.safe_dump(SHEET))
    (folder / "study.yaml").write_text(yaml.safe_dump(json.loads(json.dumps(BASE)), sort_keys=False))
    apply(folder, *BENEATH)
    run(folder)
    return folder


@pytest.fixture(scope="module")
def extended(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with everything added, and run again: Snakemake itself would start what `grunflow why` lists, and does."""
    folder = shutil.copytree(finished, tmp_path_factory.mktemp("more") / "study", symlinks=True)
    apply(folder, *ADDED)
    assert planned(folder) == Counter(item["rule"] for item in why(folder))
    run(folder)
    return folder


def run(folder: Path) -> None:
    done = snakemake(folder, "--cores", "2")
    assert done.returncode == 0, done.stdout + done.stderr


def why(folder: Path) -> list[dict]:
    """The jobs that `grunflow why` lists."""
    done = call(folder, BIN / "grunflow", "why", "--configfile", "study.yaml", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def table(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / RESULTS / "tables" / f"{name}.csv", keep_default_na=False)


@pytest.mark.slow
def test_the_study_is_finished(finished: Path) -> None:
    assert why(finished) == []


@pytest.mark.slow
@pytest.mark.parametrize("section", ADDED)
def test_what_is_added_runs_and_nothing_else(finished: Path, tmp_path: Path, section: str) -> None:
    folder = shutil.copytree(finished, tmp_path / "study", symlinks=True)
    apply(folder, section)
    made = [re.sub(r"frozen_b\d+_\w+", "frozen", item["folder"]) for item in why(folder)]
    assert sorted(made) == sorted(f"{RESULTS}/{name}" for name in ADDED[section])


@pytest.mark.slow
def test_methods_reach_tables_figures_and_report(extended: Path) -> None:
    assert why(extended) == []
    rows = {(row.objective, row.carrier): row for row in table(extended, "tofu_main").itertuples()}
    own = {("gd", "grun"), ("wga", "grun"), ("flat", "grun"), ("gd", "shift")}
    assert rows.keys() == own | {("target", ""), ("retain", "")}
    figures = [rows[name].forget_probability for name in own]
    assert len(set(figures)) == len(own)  # no two of them did the same
    drawn = sorted((extended / RESULTS / "figures").glob("*.p*"))
    assert drawn
    assert all(path.stat().st_size for path in drawn)
    report = (extended / RESULTS / "report.html").read_text()
    assert all(name in report for name in ("wga", "flat", "shift", "Right first", "noisy", "Capitals"))


@pytest.mark.slow
def test_the_carrier_is_trained_and_acts_when_it_is_asked(extended: Path) -> None:
    cost = {(row.objective, row.carrier): row for row in table(extended, "efficiency").itertuples()}
    assert cost["gd", "shift"].trained_parameters == SHAPE["hidden_size"] * SHAPE["layers"]
    scores = extended / RESULTS / "tofu" / "scores" / "tiny" / "forget10"
    asked = [pd.read_parquet(scores / run / "plain" / "answers.parquet") for run in ("target_t0", "gd_shift_t0_u0")]
    target, shifted = (frame["nll_answer"].to_numpy() for frame in asked)
    assert (abs(target - shifted) > 1e-3).all()
    spec = json.loads((scores / "gd_shift_t0_u0" / "plain" / "manifest.json").read_text())["spec"]
    assert spec["engine"] == "fast"


@pytest.mark.slow
def test_the_metric_is_a_column_of_every_set(extended: Path) -> None:
    main = table(extended, "tofu_main").set_index(["objective", "carrier"])
    frame = pd.read_parquet(extended / RESULTS / "tofu/scores/tiny/forget10/target_t0/plain/answers.parquet")
    right = frame["nll_paraphrased"] / frame["n_paraphrased"]
    wrong = [min(nll / n) for nll, n in zip(frame["nll_perturbed"], frame["n_perturbed"], strict=True)]
    expected = (right < wrong).groupby(frame["set"]).mean()
    for name in ("forget", "retain", "real_authors", "world_facts"):
        assert main.loc[("target", ""), f"{name}_preferred"] == pytest.approx(expected[name])
        assert {f"{name}_preferred_lo", f"{name}_preferred_hi"} <= set(main.columns)


@pytest.mark.slow
def test_every_run_has_a_row_under_the_condition(extended: Path) -> None:
    rows, asked = table(extended, "robustness"), yaml.safe_load((extended / "study.yaml").read_text())
    of_tofu = rows[rows["benchmark"] == "tofu"]
    by_condition = {name: part.set_index(["objective", "carrier"]) for name, part in of_tofu.groupby("condition")}
    methods = [("gd", "grun"), ("wga", "grun"), ("flat", "grun"), ("gd", "shift")]
    assert set(by_condition["noisy"].index) == set(methods)
    for name in methods:
        plain, noisy = (by_condition[condition].loc[name] for condition in ("plain", "noisy"))
        assert plain["forget_probability"] != noisy["forget_probability"]
        assert float(noisy["strength"]) == asked["conditions"]["noisy"]["strength"]
    assert set(rows.loc[rows["benchmark"] == "capitals", "condition"]) == {"plain", "noisy"}


@pytest.mark.slow
def test_the_benchmark_has_a_table_of_its_own(extended: Path) -> None:
    rows = table(extended, "capitals_main").set_index(["objective", "carrier"])
    assert set(rows.index) == {("base", ""), ("gd", "grun")}
    assert rows["forget_probability"].between(0, 1).all()
    assert (set(rows["forget_questions"]), set(rows["retain_questions"])) == ({6}, {18})


def promised() -> dict[str, tuple[str, str]]:
    """What is added -> how many new files, and what is added to others, by the page's table."""
    rows = re.findall(r"^\| (an? [a-z ]+) \| ([^|]+) \| ([^|]+) \|", page(), re.M)
    return {name.capitalize(): (files, edits) for name, files, edits in rows if name[0] == "a" and "file" not in files}


@pytest.mark.parametrize("section", ["An objective", "An objective beside the study", "A carrier", "A condition"])
def test_a_method_is_one_file(section: str) -> None:
    assert promised()[section.removesuffix(" beside the study")] == ("1", "0")
    assert [example.kind for example in examples(section) if example.kind != "yaml"] == ["python"]
    assert len(new_files(section)) == 1


@pytest.mark.parametrize("section", ["An objective", "An objective beside the study"])
def test_an_objective_is_fifteen_lines(section: str) -> None:
    assert len(new_files(section)[0].text.splitlines()) <= 15


def test_a_metric_is_one_function_and_one_row() -> None:
    assert promised()["A metric"] == ("0", "1 function, 1 row")
    function, row = examples("A metric")
    assert [type(node) for node in ast.parse(function.text).body] == [ast.FunctionDef]
    assert len(row.text.splitlines()) == 1


def test_gates_and_templates_are_rows() -> None:
    assert promised()["A gate"] == ("0", "3 rows")
    assert promised()["A prompt template"] == ("0", "1 row")
    for section, count in (("A gate", 3), ("A prompt template", 1)):
        assert not new_files(section)
        lines = [line for item in examples(section) if item.kind != "yaml" for line in item.text.splitlines()]
        assert len([line for line in lines if not line.startswith("-")]) == count


def test_a_benchmark_is_a_declaration() -> None:
    """The page's own, and MUSE: what names it in the package is at most three files, of 150 lines together."""
    assert promised()["A benchmark"] == ("at most 3, 150 lines together", "0")
    (capitals,) = new_files("A benchmark")
    assert len(capitals.text.splitlines()) <= 150
    named = [path for path in PACKAGE.rglob("*.py") if "muse" in path.stem or re.search("muse", path.read_text(), re.I)]
    muse = [path for path in named if path.parent.name != "made_up"]  # what it is in a rehearsal comes on top
    assert 1 <= len(muse) <= 3
    assert sum(len(path.read_text().splitlines()) for path in muse) <= 150


def test_examples_grow_lists_and_merge_mappings() -> None:
    study = {"grid": [1], "carriers": {"grun": {"rank": 4}}, "title": "a"}
    more = {"grid": [2], "carriers": {"grun": {"gate": "x"}}, "title": "b"}
    assert merged(study, more) == {"grid": [1, 2], "carriers": {"grun": {"rank": 4, "gate": "x"}}, "title": "b"}
