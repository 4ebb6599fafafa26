"""Methods compared where they have forgotten equally much."""

import numpy as np
import pytest
from tests.reporting import made_up

from grunflow.reporting.paths import Path
from grunflow.reporting.tables.equal_forgetting import LEVELS, equal_forgetting, equal_forgetting_table, levels


def test_methods_are_compared_at_equal_levels(demo) -> None:
    questions, choice = demo.results
    found = equal_forgetting(questions).set_index(["objective", "carrier", "forget_probability"])
    scores = questions.frame("snapshot_scores")
    one = scores.query("objective == 'gd' and carrier == 'full' and set == 'retain'")
    ends = one[one.step == 80].groupby("run")["probability"].first()
    # Paths go 0.95, 0.5, 0.1; at 0.2 three quarters of the way from the second to the third.
    at = 0.25 * (0.9 + ends) / 2 + 0.75 * ends
    assert found.loc[("gd", "full", 0.2), "retain_probability"] == pytest.approx(at.mean())
    assert found.loc[("gd", "grun", 0.2), "retain_probability_minus_full_lo"] > 0.15
    stuck = found.loc[("idk", "lora", 0.2)]
    assert np.isnan(stuck.retain_probability)
    assert stuck.reason == "reached under 0 of 3 seeds (lowest: 0.60, 0.60, 0.60)"
    assert np.isnan(found.loc[("idk", "grun", 0.2), "retain_probability_minus_lora"])
    table = equal_forgetting_table(questions, choice)
    bold = {tuple(table.shown.loc[place, ["Objective", "Carrier"]]) for place, _ in table.bold}
    assert bold == {("gd", "grun"), ("npo", "grun")}  # of idk, LoRA never came so far
    assert "on 4 questions that no other table reads / 2 snapshots and the start, on 8 questions;" in table.caption
    assert table.tidy["benchmark"].unique().tolist() == ["tofu", "wmdp"]


def test_levels_lie_above_guessing(demo) -> None:
    questions, choice = demo.results
    assert levels(questions) == [0.5, 0.2, 0.1]
    assert levels(choice) == [0.625, 0.4, 0.325]


def test_one_carrier_has_its_rows(tmp_path) -> None:
    frames = made_up.questions(seeds=(0,), carriers=("grun",), objectives=("gd",))
    (few,) = made_up.Study(tmp_path, [(made_up.TOFU, frames)]).results
    assert len(equal_forgetting_table(few).tidy) == len(LEVELS)


def test_a_path_that_starts_below_a_level_is_read_at_its_start() -> None:
    path = Path(np.array([0.4, 0.1]), {"retain_probability": np.array([[0.9], [0.1]])})
    assert path.at(0.5)["retain_probability"] == [0.9]
    assert path.at(0.05) is None
