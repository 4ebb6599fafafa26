"""Figures of runs under conditions, attacked and asked in turn, from made-up scores: what is drawn, and where."""

from pathlib import Path

import numpy as np
import pytest
from tests.reporting import made_up
from tests.reporting.made_further import RELEARNT, STEPS, further

from grunflow.reporting import style
from grunflow.reporting.figures.going_on import relearning, sequential
from grunflow.reporting.figures.metrics import metrics_worth
from grunflow.reporting.figures.robustness import robustness
from grunflow.reporting.results import Results
from grunflow.reporting.style import Looks
from grunflow.reporting.tables.robustness import of_benchmark

LOOKS = Looks(("gd",), ("full", "lora", "grun"))


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    frames = further(made_up.questions(objectives=("gd",)))
    (found,) = made_up.Study(tmp_path_factory.mktemp("study"), [(made_up.TOFU, frames)]).results
    return found


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list:
    """The figures that were drawn; none is written."""
    found: list = []
    monkeypatch.setattr(style, "save", lambda fig, *others: found.append(fig))
    return found


def test_a_condition_has_a_row_and_an_attack_its_last_number_of_steps(
    results: Results, kept: list, tmp_path: Path
) -> None:
    robustness(results, LOOKS, tmp_path / "robustness")
    leak, collateral = kept[0].axes
    names = [label.get_text() for label in leak.get_yticklabels()]
    assert names == ["plain", "paraphrased", "nf4", f"relearn ({STEPS[-1]})"]
    table = of_benchmark(results).tidy
    table = table[table["strength"].isna() | (table["strength"] == STEPS[-1])]
    for axes, figure in ((leak, "leak"), (collateral, "collateral")):
        points = sorted(line.get_xdata()[0] for line in axes.lines if line.get_marker() not in ("None", "", "|"))
        assert points == pytest.approx(sorted(table[figure].dropna()))


def test_an_attack_has_a_panel_with_a_line_for_each_method(results: Results, kept: list, tmp_path: Path) -> None:
    relearning(results, LOOKS, tmp_path / "relearning")
    (axes,) = kept[0].axes
    assert axes.get_title() == "relearn"
    rises = sorted(float(line.get_ydata()[-1] - line.get_ydata()[0]) for line in axes.lines)
    assert rises == pytest.approx(sorted(RELEARNT.values()), abs=0.02)
    for line in axes.lines:
        assert list(line.get_xdata()) == list(STEPS)


def test_a_sequence_is_drawn_by_all_requests_so_far(results: Results, kept: list, tmp_path: Path) -> None:
    sequential(results, LOOKS, tmp_path / "sequential")
    forgotten, utility = kept[0].axes
    rows = results.requested
    rows = rows[rows["request"] == 0]
    for axes, figure in ((forgotten, "forget_probability"), (utility, "model_utility")):
        drawn = sorted(tuple(np.round(line.get_ydata(), 6)) for line in axes.lines)
        means = rows.groupby(["condition", "carrier", "strength"])[figure].mean().unstack()
        assert drawn == sorted(tuple(np.round(values, 6)) for values in means.to_numpy())


def test_what_a_metric_is_worth_is_a_point_beside_its_title(results: Results, kept: list, tmp_path: Path) -> None:
    metrics_worth(("relearn",), ("nf4",), results, LOOKS, tmp_path / "metrics")
    (axes,) = kept[0].axes
    titles = [label.get_text() for label in axes.get_yticklabels()]
    assert "Forget Prob." in titles
    assert axes.get_xlim() == (-0.02, 1.02)
    legend = [text.get_text() for text in kept[0].legends[0].get_texts()]
    assert legend == ["AUROC", "Robust under relearn", "Robust under nf4"]
