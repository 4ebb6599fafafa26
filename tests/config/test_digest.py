"""What a stage's digest depends on, and what it does not."""

import ast

from grunflow.config.digest import SPEC_MODULES, _file_of, _parsed, module_digests, modules_of, stage_digest
from grunflow.config.stages import SPECS


def test_training_does_not_depend_on_reporting_and_fine_tuning_not_on_carriers() -> None:
    assert not [name for name in modules_of("unlearn") if ".reporting" in name]
    assert not [name for name in modules_of("finetune") if ".carriers" in name or ".interventions" in name]
    assert "grunflow.objectives.forget" in modules_of("unlearn")
    assert "grunflow.data.prompts" in modules_of("evaluate")


def test_fine_tuning_and_evaluation_do_not_depend_on_objectives_nor_any_stage_on_the_names_a_config_may_use() -> None:
    for stage in ("finetune", "evaluate", "cache_frozen_states", "evaluate_wmdp"):
        assert not [name for name in modules_of(stage) if ".objectives" in name], stage
    # Claims are a sheet of their own, which one stage reads.
    reads = {"claims": {"grunflow.config.claims", "grunflow.config.typed"}}
    for stage in SPECS:
        assert {name for name in modules_of(stage) if ".config" in name} == reads.get(stage, set()), stage


def test_classes_of_specs_hold_no_code() -> None:
    """They are left out of the digest: what a stage does may depend on their values only."""
    for module in SPEC_MODULES:
        tree = ast.parse(_file_of(module).read_text())
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.Lambda)], module


def test_the_digest_of_a_stage_follows_from_those_of_its_modules() -> None:
    assert set(module_digests("unlearn")) == set(modules_of("unlearn"))
    assert len({stage_digest(stage) for stage in SPECS}) == len(SPECS)


def test_tables_need_no_torch() -> None:
    for stage in ("aggregate", "tables", "figures", "claims", "report"):
        for path in modules_of(stage).values():
            assert "import torch" not in path.read_text(), f"{stage}: {path}"


def test_a_comment_or_docstring_changes_nothing_and_a_number_does(tmp_path) -> None:
    trees = []
    for name, text in (
        ("a", "x = 1\n"),
        ("b", "# why\nx = 1\n"),
        ("c", '"""What."""\nx = 1\n'),
        ("d", "x = 2\n"),
    ):
        path = tmp_path / f"{name}.py"
        path.write_text(text)
        trees.append(_parsed(path)[0])
    assert trees[0] == trees[1] == trees[2]
    assert trees[0] != trees[3]
