"""Figures: equal bytes for equal data, embedded TrueType fonts, a marker for every name."""

import subprocess

import numpy as np
import pytest
from matplotlib.image import imread
from tests.reporting import made_up
from tests.tools import program

from grunflow.config import names
from grunflow.config.specs import Figures
from grunflow.reporting import style
from grunflow.reporting.figures.trade_off import frontier
from grunflow.stages import figures

NAMES = ("cost_quality", "forget_utility", "forgetting_paths", "gate_activations", "training_curves", "truth_ratios", "wmdp_accuracy")  # fmt: skip


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures")
    metrics, wmdp = made_up.write(folder)
    for name in ("a", "b"):
        (folder / name).mkdir()
        spec = Figures(study="demo", origin=made_up.ORIGIN, wmdp_origin=made_up.ORIGIN)
        figures.run(spec, {"metrics": [metrics], "wmdp": [wmdp]}, folder / name, 0)
    return folder


def test_every_figure_is_written_with_the_same_bytes_twice(drawn) -> None:
    assert {path.name for path in (drawn / "a").iterdir()} == {f"{n}.{form}" for n in NAMES for form in ("pdf", "png")}
    for path in (drawn / "a").iterdir():
        assert path.read_bytes() == (drawn / "b" / path.name).read_bytes(), path.name


def test_pdf_fonts_are_embedded_and_none_is_type_3(drawn) -> None:
    reader = program("pdffonts")
    for path in (drawn / "a").glob("*.pdf"):
        lines = subprocess.run([reader, path], capture_output=True, text=True, check=True).stdout.splitlines()[2:]
        assert lines, path
        for line in lines:
            assert "TrueType" in line, line
            # Columns from the right: object (two numbers), uni, sub, emb.
            assert line.split()[-5] == "yes", line


def test_figures_are_one_column_wide(drawn) -> None:
    for path in (drawn / "a").glob("*.png"):
        assert imread(path).shape[1] / 300 == pytest.approx(style.COLUMN_INCHES, abs=0.01)


def test_nothing_is_cut_off_at_an_edge(drawn) -> None:
    """Ink that reaches the outermost pixels would go on beyond them."""
    for path in (drawn / "a").glob("*.png"):
        image = imread(path)[..., :3]
        for edge in (image[0], image[-1], image[:, 0], image[:, -1]):
            assert (edge == 1).all(), path.name


def test_the_frontier_holds_what_no_other_beats() -> None:
    x, y = frontier(np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.5, 0.4, 0.8, 0.7]))
    assert (x.tolist(), y.tolist()) == ([0.1, 0.3], [0.5, 0.8])


def test_every_objective_has_a_marker_and_every_carrier_a_colour_and_a_line() -> None:
    assert {*names.OBJECTIVES, "target", "retain", "base"} == set(style.MARKERS)
    assert len(set(style.MARKERS.values())) == len(style.MARKERS)
    assert {*names.CARRIERS, ""} == set(style.COLOURS) == set(style.LINES)
