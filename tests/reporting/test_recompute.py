"""The independent script over a study's score tables: it finds nothing in the tables as made, and a figure that was changed."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "recompute.py"


def test_the_script_is_short_and_imports_nothing_of_the_package() -> None:
    text = SCRIPT.read_text()
    assert len(text.splitlines()) <= 180
    nodes = list(ast.walk(ast.parse(text)))
    found = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    found |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    own = {name.split(".")[0] for name in found} - set(sys.stdlib_module_names)
    assert own == {"numpy", "pandas", "scipy", "rouge_score"}


def recompute(results: Path) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, str(SCRIPT), str(results)], capture_output=True, text=True, check=False)


def test_a_folder_without_tables_is_no_success(tmp_path: Path) -> None:
    assert recompute(tmp_path).returncode == 1


@pytest.mark.slow
def test_every_point_figure_of_the_demos_tables_is_found_again(tmp_path: Path) -> None:
    """Skipped where no demo has run here; the small study of tests/workflow/test_recompute.py is always asked."""
    demo = SCRIPT.parents[1] / "results" / "demo"
    if not (demo / "tables" / "tofu_references.csv").is_file():
        pytest.skip("results/demo was not made by this code (make demo)")
    done = recompute(demo)
    assert done.returncode == 0, done.stdout + done.stderr
