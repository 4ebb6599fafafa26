"""What a stage's digest depends on, and what it does not."""

from grunflow.config.digest import _parsed, modules_of


def test_training_does_not_depend_on_reporting_and_fine_tuning_not_on_carriers() -> None:
    assert not [name for name in modules_of("unlearn") if ".reporting" in name]
    assert not [name for name in modules_of("finetune") if ".carriers" in name or ".interventions" in name]
    assert "grunflow.objectives.forget" in modules_of("unlearn")
    assert "grunflow.data.prompts" in modules_of("evaluate")


def test_tables_need_no_torch() -> None:
    for stage in ("aggregate", "tables", "figures", "report"):
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
