"""Studies of other shapes than the demo's run whole: a single benchmark that is not TOFU, and two models side by side."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from tests.workflow.small_study import BIN, CRAFT, GRUN, RMU, TRAINING, call, copy, planned, snakemake, why, write

pytestmark = pytest.mark.slow
SEEDS = [{"target_seed": 0, "unlearn_seed": 0}, {"target_seed": 0, "unlearn_seed": 1}]


def finished(folder: Path, **keys) -> Path:
    """The results of a study that ran to its end and has nothing left to do."""
    folder.mkdir()
    study = {
        "study": "small", "title": "Small", "models_sheet": "config/models.yaml", "max_new_tokens": 2, "vocabulary": 300,
        "seeds": SEEDS, "carriers": {"grun": GRUN}, "training": {"grun": TRAINING, "full": TRAINING},
        "snapshots": {"count": 1, "questions": 2}, **keys,
    }  # fmt: skip
    done = snakemake(write(copy(folder), study))
    assert done.returncode == 0, done.stdout + done.stderr
    assert planned(folder) == why(folder) == {}
    verified = call(folder, BIN / "grunflow", "verify", "results/small")
    assert (verified.returncode, verified.stderr) == (0, "")
    return folder / "results" / "small"


def rows(results: Path, table: str) -> list[dict[str, str]]:
    with (results / "tables" / f"{table}.csv").open(newline="") as handle:
        return list(csv.DictReader(handle))


def drawn(results: Path) -> set[str]:
    """Names of the figures, each as a picture that is not empty in both forms."""
    names = {path.stem for path in (results / "figures").glob("*.p*")}
    assert all((results / "figures" / f"{name}.{form}").stat().st_size for name in names for form in ("png", "pdf"))
    return names


def test_wmdp_alone_is_a_study(tmp_path: Path) -> None:
    results = finished(
        tmp_path / "study",
        benchmarks={"wmdp": CRAFT},
        grid=[{"benchmark": "wmdp", "model": "crafty", "objectives": ["rmu"], "carriers": ["full", "grun"]}],
        objectives={"rmu": RMU},
    )
    assert [path.name for path in results.iterdir() if (path / "runs").is_dir()] == ["wmdp"]
    found = rows(results, "wmdp_main")
    assert {(row["objective"], row["carrier"]) for row in found} == {("base", ""), ("rmu", "full"), ("rmu", "grun")}
    assert all(0 <= float(row["forget_domain_accuracy"]) <= 1 for row in found)
    assert not list((results / "tables").glob("tofu_*"))
    assert {"wmdp_accuracy", "training_curves"} <= drawn(results)
    page = (results / "report.html").read_text()
    assert "WMDP" in page
    assert "TOFU" not in page


def test_each_of_two_models_is_shown_by_itself(tmp_path: Path) -> None:
    models = ["mini", "mini-two"]
    world = {"authors": 10, "background_authors": 1, "holdout_authors": 1, "facts": 8}
    results = finished(
        tmp_path / "study",
        benchmarks={"tofu": {"world": world}},
        grid=[
            {"benchmark": "tofu", "model": model, "objectives": ["gd"], "carriers": ["full", "grun"]}
            for model in models
        ],
    )
    found = rows(results, "tofu_main")
    assert Counter(row["model"] for row in found) == dict.fromkeys(models, 4)  # target, retain, full, grun
    # Two replicates of each model, not four of both together.
    assert {row["seeds"] for row in found if row["carrier"]} == {"2"}
    assert Counter(row["model"] for row in rows(results, "efficiency") if row["carrier"]) == dict.fromkeys(models, 2)
    assert {"forget_utility", "training_curves"} <= drawn(results)
    page = (results / "report.html").read_text()
    assert all(model in page for model in models)
