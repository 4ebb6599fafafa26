"""Which tables and figures a study has, by name, before and after its runs."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from tests.reporting import made_up

from grunflow.config import facts
from grunflow.config.study import Resolved
from grunflow.reporting import catalogue
from grunflow.reporting.entries import listed
from grunflow.reporting.figures.listing import FIGURES
from grunflow.reporting.tables.listing import TABLES

MODEL = {"name": "m", "architecture": {}, "base": {"learning_rate": 1e-3, "steps": 1}}


def study(*specs, carriers=("full", "lora", "grun"), variants=None, **keys) -> Resolved:
    grid = [
        {"benchmark": spec.name, "model": "m", "objectives": ["gd"], "carriers": carriers, "variants": variants or {}}
        for spec in specs
    ]
    return Resolved(
        study="s", title="t", benchmarks={spec.name: {} for spec in specs}, models_sheet="none", grid=grid, models={"m": MODEL},
        seeds=[{"target_seed": 0, "unlearn_seed": 0}], resolved=specs, **keys,
    )  # fmt: skip


def test_a_study_of_both_benchmarks_has_the_names_that_others_rely_on() -> None:
    both = study(made_up.TOFU, made_up.WMDP, published=["x.csv"], published_logs=[{"name": "a", "log": "b"}])
    assert catalogue.tables(both) == (
        "tofu_main", "wmdp_main", "tofu_differences", "wmdp_differences", "tofu_references", "wmdp_references", "metrics",
        "efficiency",
        "equal_forgetting", "equal_retention", "published",
        "published_logs",
    )  # fmt: skip
    assert set(catalogue.figures(both)) - {"wmdp_forgetting_paths", "wmdp_training_curves"} == {
        "forget_utility", "forgetting_paths", "cost_quality", "gate_activations", "truth_ratios", "training_curves",
        "wmdp_accuracy",
    }  # fmt: skip


def test_what_is_not_asked_for_is_not_made() -> None:
    one = study(made_up.WMDP, carriers=("grun",), snapshots={"count": 0})
    assert catalogue.tables(one) == ("wmdp_main", "wmdp_references", "efficiency")
    assert catalogue.figures(one) == ("training_curves", "wmdp_accuracy")
    tuned = study(made_up.TOFU, variants={"full": ["a"]})
    assert {"tuning"} <= set(catalogue.tables(tuned))
    assert "equal_forgetting" not in catalogue.tables(tuned)
    half = {"half": {"kind": "scaled", "strength": 0.5}}
    assert "robustness" in catalogue.tables(study(made_up.TOFU, conditions=half))
    assert "robustness" not in catalogue.tables(study(made_up.TOFU, conditions={"scaled": {}}))


def test_two_benchmarks_of_a_kind_have_files_of_their_own() -> None:
    other = made_up.TOFU.model_copy(update={"name": "five"})
    found = catalogue.figures(study(made_up.TOFU, other))
    assert {"truth_ratios", "five_truth_ratios"} <= set(found)
    assert {"tofu_main", "five_main"} <= set(catalogue.tables(study(made_up.TOFU, other)))


@pytest.mark.parametrize("specs", [("tofu",), ("wmdp",), ("tales",), ("wmdp", "tofu"), ("tofu", "wmdp", "tales")])
def test_stages_find_what_was_planned(tmp_path: Path, specs: tuple[str, ...]) -> None:
    parts = {
        "tofu": (made_up.TOFU, made_up.questions()),
        "wmdp": (made_up.WMDP, made_up.choice()),
        "tales": (made_up.TALES, made_up.tales()),
    }
    done = made_up.Study(tmp_path, [parts[name] for name in specs])
    planned = study(*(parts[name][0] for name in specs))
    assert catalogue.tables(planned) == tuple(listed(TABLES, planned, done.results))
    assert catalogue.figures(planned) == tuple(listed(FIGURES, planned, done.results))


def test_the_catalogue_loads_nothing_heavy() -> None:
    heavy = "{'torch', 'transformers', 'pandas', 'matplotlib', 'scipy'}"
    code = f"import sys, grunflow.reporting.catalogue; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_name_of_a_method_or_benchmark_stands_in_reporting() -> None:
    known = {*facts.names(facts.OBJECTIVE), *facts.names(facts.CARRIER), *facts.names(facts.BENCHMARK)}
    files = [*facts.PACKAGE.glob("reporting/**/*.py"), facts.PACKAGE / "config" / "claims.py"]
    files += [facts.PACKAGE / "stages" / f"{name}.py" for name in ("tables", "figures", "claims", "report")]
    for file in files:
        found = {node.value for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Constant)}
        assert not {value for value in found if isinstance(value, str)} & known, file
