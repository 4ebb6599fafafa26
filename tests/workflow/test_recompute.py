"""Every point figure of a finished study's score tables, by a script that imports nothing of the package."""

import sys
from pathlib import Path

import pytest

from tests.workflow.small_study import ROOT, call


@pytest.mark.slow
def test_every_figure_of_a_finished_studys_score_tables_is_found_again(finished: Path) -> None:
    script, results = ROOT / "tests" / "recompute.py", finished / "results" / "small"
    done = call(finished, sys.executable, script, results)
    assert done.returncode == 0, done.stdout + done.stderr
    # One figure that is not what the scores say is found.
    main = results / "tables" / "tofu_main.csv"
    text = main.read_text()
    lines = text.splitlines()
    place = lines[0].split(",").index("retain_probability")
    cells = lines[-1].split(",")
    cells[place] = str(float(cells[place]) + 1e-6)
    try:
        main.write_text("\n".join([*lines[:-1], ",".join(cells)]) + "\n")
        changed = call(finished, sys.executable, script, results)
    finally:
        main.write_text(text)
    assert changed.returncode == 1
    assert "retain_probability" in changed.stdout
    assert "1 off" in changed.stdout
