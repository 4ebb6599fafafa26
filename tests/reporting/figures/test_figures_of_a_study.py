"""Figures: equal bytes for equal data, embedded TrueType fonts, panels per model, looks for any name."""

import subprocess
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread
from PIL import Image
from tests.reporting import made_up
from tests.tools import program

from grunflow.config.shown_specs import Figures
from grunflow.reporting import style
from grunflow.reporting.entries import CAPTION, listed
from grunflow.reporting.figures.distributions import within
from grunflow.reporting.figures.listing import FIGURES
from grunflow.reporting.figures.trade_off import frontier
from grunflow.stages import figures

pytestmark = pytest.mark.slow  # every figure several times; tests/reporting/test_page.py draws each once
NAMES = (
    "forget_utility", "forgetting_paths", "wmdp_forgetting_paths", "cost_quality", "gate_activations", "truth_ratios",
    "training_curves", "wmdp_training_curves", "wmdp_accuracy",
)  # fmt: skip


def drawn_into(study: made_up.Study, folder: Path, *names: str) -> Path:
    """Every figure of the study, or those."""
    names = names or tuple(listed(FIGURES, None, study.results))
    figures.run(Figures(**study.shown, names=names), study.work(folder))
    return folder


@pytest.fixture(scope="module")
def drawn(demo, tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures")
    for name in ("a", "b"):
        drawn_into(demo, folder / name)
    return folder


@pytest.fixture
def kept(monkeypatch):
    """Figures as they are saved, by name."""
    found = {}
    save = style.save

    def saved(fig, stem, note, looks):
        found[stem.name] = (fig, note)
        save(fig, stem, note, looks)

    monkeypatch.setattr(style, "save", saved)
    return found


def test_every_figure_is_written_with_the_same_bytes_twice(drawn) -> None:
    files = {f"{name}.{form}" for name in NAMES for form in ("pdf", "png")} | {"shown.json"}
    assert {path.name for path in (drawn / "a").iterdir()} == files
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


def at_no_edge(folder: Path) -> None:
    """Ink that reaches the outermost pixels would go on beyond them."""
    for path in folder.glob("*.png"):
        image = imread(path)[..., :3]
        for edge in (image[0], image[-1], image[:, 0], image[:, -1]):
            assert (edge == 1).all(), path.name


def test_nothing_is_cut_off_at_an_edge(drawn) -> None:
    at_no_edge(drawn / "a")


def test_every_model_has_panels_of_its_own_and_no_seed_counts_twice(tmp_path, kept) -> None:
    study = made_up.Study(tmp_path, [(made_up.TOFU, made_up.questions(models=("tiny", "other")))])
    drawn_into(study, tmp_path / "two")
    columns = {
        "forget_utility": 1,
        "cost_quality": 2,
        "gate_activations": 1,
        "forgetting_paths": 3,
        "truth_ratios": 3,
        "training_curves": 3,
    }
    assert {name: len(fig.axes) for name, (fig, _) in kept.items()} == {
        name: 2 * count for name, count in columns.items()
    }
    for fig, _ in kept.values():
        labels = [axes.get_ylabel().split("\n")[0] for axes in fig.axes if axes.get_ylabel()]
        assert list(dict.fromkeys(labels)) == ["tiny", "other"]
    assert "Mean and range of 3 seeds" in kept["training_curves"][1]
    # A step per question and seed of one model: not of both.
    curve = kept["truth_ratios"][0].axes[0].lines[-1]
    assert len(curve.get_xdata()) == 3 * made_up.QUESTIONS
    at_no_edge(tmp_path / "two")


def test_of_one_model_nothing_is_said_beside_the_axis(demo, tmp_path, kept) -> None:
    drawn_into(demo, tmp_path / "one", "forget_utility", "forgetting_paths", "gate_activations")
    assert kept["forget_utility"][0].axes[0].get_ylabel() == "Model Utility (higher: more kept)"
    assert kept["forgetting_paths"][0].axes[0].get_ylabel() == "Retain Probability"
    assert len(kept["forgetting_paths"][0].axes) == 3
    ticks = [tick.get_text() for tick in kept["gate_activations"][0].axes[0].get_xticklabels()]
    assert ticks == [f"block {block}" for block in made_up.BLOCKS]


def test_gated_runs_are_those_with_gates_whatever_their_carrier_is_called(tmp_path, kept) -> None:
    frames = made_up.questions(carriers=("full", "sieve"), kinds={"sieve": "grun"})
    drawn_into(made_up.Study(tmp_path, [(made_up.TOFU, frames)]), tmp_path / "out", "gate_activations")
    legend = kept["gate_activations"][0].legends[0]
    assert [text.get_text() for text in legend.get_texts()] == ["forget", "retain", "real authors", "world facts"]
    none = made_up.questions(carriers=("full",))
    drawn_into(made_up.Study(tmp_path / "none", [(made_up.TOFU, none)]), tmp_path / "out", "gate_activations")
    assert [text.get_text() for text in kept["gate_activations"][0].axes[0].texts] == ["no gated run in this study"]


def test_methods_that_the_package_does_not_know_are_drawn(tmp_path, kept) -> None:
    methods = tuple((f"aim{place}", f"holder{place}") for place in range(14))
    study = made_up.Study(tmp_path, [(made_up.TALES, made_up.tales(methods=methods))])
    drawn_into(study, tmp_path / "out")
    assert set(kept) == {"forget_utility", "forgetting_paths", "cost_quality", "training_curves"}
    labels = [text.get_text() for text in kept["forget_utility"][0].legends[0].get_texts()]
    assert {"base model", "AIM0", "AIM13", "holder0", "holder13"} <= set(labels)


def test_the_frontier_holds_what_no_other_beats() -> None:
    x, y = frontier(np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.5, 0.4, 0.8, 0.7]))
    assert (x.tolist(), y.tolist()) == ([0.1, 0.3], [0.5, 0.8])


def test_any_name_has_looks_of_its_own_by_its_place_in_the_study() -> None:
    names = tuple(f"n{place}" for place in range(30))
    looks = style.Looks.of([("base", ""), *((name, name) for name in names)])
    assert len({looks.marker(name) for name in (*names, "target", "retain", "base")}) == 33
    assert len({(looks.colour(name), str(looks.line(name))) for name in names}) == 30
    assert (looks.colour(""), looks.line("")) == (style.BLACK, "-")
    for name in names:
        axes = plt.figure().add_subplot()
        axes.plot([0], [0], marker=looks.marker(name), linestyle=looks.line(name))
        axes.figure.canvas.draw()
        plt.close(axes.figure)


def test_the_demos_methods_look_as_they_always_did() -> None:
    looks = style.Looks(("gd", "idk", "npo", "rmu"), ("full", "lora", "grun"))
    assert [looks.marker(name) for name in looks.objectives] == ["o", "s", "^", "H"]
    assert [looks.colour(name) for name in looks.carriers] == ["#D55E00", "#0072B2", "#009E73"]
    assert [looks.line(name) for name in looks.carriers] == ["--", ":", "-"]


def test_a_caption_stands_in_the_files_not_in_the_picture(demo, tmp_path, kept) -> None:
    drawn_into(demo, tmp_path)
    for name, (fig, note) in kept.items():
        assert fig.get_supxlabel() == "", name
        with Image.open(tmp_path / f"{name}.png") as picture:
            assert picture.text[CAPTION] == note
        assert made_up.ORIGIN in note


def test_figures_that_are_to_stand_alone_hold_their_captions(demo, tmp_path, kept) -> None:
    spec = Figures(**demo.shown, names=("forget_utility", "training_curves"), captions=True)
    figures.run(spec, demo.work(tmp_path))
    for name, (fig, note) in kept.items():
        assert fig.get_supxlabel().replace("\n", " ") == note, name
    at_no_edge(tmp_path)


def test_every_line_has_its_name_in_the_legend(demo, tmp_path, kept) -> None:
    names = ("forget_utility", "truth_ratios", "training_curves", "cost_quality", "wmdp_accuracy")
    drawn_into(demo, tmp_path, *names)
    texts = {name: {text.get_text() for text in fig.legends[0].get_texts()} for name, (fig, _) in kept.items()}
    assert {"retain model", "target model", "full", "lora", "grun"} <= texts["truth_ratios"]
    assert {"range of seeds", "grun"} <= texts["training_curves"]
    assert {"frontier", "95 % interval", "GD", "grun"} <= texts["forget_utility"]
    assert {"95 % interval", "GD", "grun"} <= texts["cost_quality"]
    assert {"chance", "95 % interval", "base model"} <= texts["wmdp_accuracy"]


def test_cost_stands_against_what_was_forgotten_and_what_was_kept(demo, tmp_path, kept) -> None:
    drawn_into(demo, tmp_path, "cost_quality")
    assert [axes.get_ylabel() for axes in kept["cost_quality"][0].axes] == ["Forget Probability", "Model Utility"]


def test_one_far_tail_does_not_stretch_an_axis() -> None:
    ratios = pd.Series([*np.linspace(0.1, 10, 999), 1e9, np.inf, 0.0])
    lo, hi = within(ratios)
    assert lo > 0.1
    assert hi < 11


def test_sets_have_other_colours_than_carriers() -> None:
    assert not {face for face, _ in style.FILLS} & set(style.COLOURS)
