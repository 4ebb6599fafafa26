"""The scores in a model card are the study's, with its intervals and what its captions say of them."""

from pathlib import Path

from grunflow.exporting.card import scores
from grunflow.exporting.writing import export
from grunflow.loaded import of_folder
from grunflow.reporting.finished import known
from tests.commands.finished_study import frames, made
from tests.exporting.made import run, target
from tests.reporting.made_up import ORIGIN


def test_scores_are_the_methods_of_the_study(tmp_path: Path) -> None:
    folder = made(tmp_path, frames()) / "tofu" / "runs" / "tiny" / "forget10" / "gd_grun_t0"
    found = known(folder)
    assert found is not None
    told = list(scores(folder))
    assert ORIGIN in told[0]
    assert "over its 2 seeds" in told[0]
    utility = next(figure for figure in found.row.figures if figure.name == "model_utility")
    assert f"| {utility.title} | {utility.value:.3f} [{utility.lo:.3f}, {utility.hi:.3f}] |" in told


def test_without_tables_it_says_that_nothing_was_measured(tmp_path: Path) -> None:
    (told,) = scores(tmp_path)
    assert told == "Not part of a study with finished tables: nothing was measured."


def test_a_whole_models_folder_tells_no_path_of_this_machine(tmp_path: Path) -> None:
    """It may be pushed though what it started from is a folder here."""
    start = target(tmp_path / "my-home" / "target_t0")
    export(of_folder(run(tmp_path / "my-home" / "full", [start], "full")), tmp_path / "out")
    texts = [path.read_text() for path in (tmp_path / "out").iterdir() if path.suffix != ".safetensors"]
    assert any("on: `target_t0`" in text for text in texts)
    assert not any("my-home" in text or str(tmp_path) in text for text in texts)
