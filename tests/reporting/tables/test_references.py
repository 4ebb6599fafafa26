"""Methods against the models that no method trained."""

import numpy as np
import pytest
from tests.reporting import made_up

from grunflow.benchmarks.base import RunScores
from grunflow.evaluation.run_metrics import ks_statistic
from grunflow.reporting.intervals import Interval
from grunflow.reporting.tables.main import main_table
from grunflow.reporting.tables.references import references, references_table, size


@pytest.fixture(scope="module")
def found(demo):
    return references(demo.results[0]).set_index(["objective", "carrier", "against"])


def test_every_method_stands_against_target_and_retain_model(demo, found) -> None:
    row = found.loc["gd", "grun", "target"]
    assert row.forget_probability == pytest.approx(-0.85, abs=0.02)
    assert row.forget_probability_lo < row.forget_probability < row.forget_probability_hi < -0.8
    # Both answered the same questions: what a question is like cancels, of 0.03 in each alone.
    assert row.forget_probability_hi - row.forget_probability_lo < 0.05
    near = found.loc["gd", "grun", "retain"]
    assert near.forget_probability_lo < 0 < near.forget_probability_hi
    assert (near.forget_probability_distance_lo, near.forget_probability_distance) == (0, abs(near.forget_probability))
    assert np.isnan(row.forget_probability_distance)
    assert near.ks_statistic == pytest.approx(0.4, abs=0.05)  # the retain model's from itself is 0
    assert near.interval == "questions and seeds"
    assert {("target", "", "retain"), ("retain", "", "target")} <= set(found.index)
    assert not {("target", "", "target"), ("retain", "", "retain")} & set(found.index)


def test_the_floor_is_what_two_retain_models_differ_by(demo, found) -> None:
    results = demo.results[0]
    row = found.loc["retain", "", "retain of another seed"]
    each = results.metrics[results.metrics["objective"] == "retain"]
    values = each["retain_probability"].to_numpy()
    pairs = np.abs([values[0] - values[1], values[0] - values[2], values[1] - values[2]])
    assert (row.retain_probability, row.retain_probability_lo, row.retain_probability_hi) == pytest.approx(
        (pairs.mean(), pairs.min(), pairs.max())
    )
    frames = {run: RunScores(rows, {}) for run, rows in results.questions.groupby("run")}
    gaps = [
        ks_statistic(RunScores(frames[a].questions, {}, {"retain": frames[b]}))
        for a in each["run"] for b in each["run"] if a != b
    ]  # fmt: skip
    assert 0 < row.ks_statistic == pytest.approx(np.mean(gaps))


def test_the_size_of_a_difference_starts_at_0_where_its_sign_is_open() -> None:
    assert size(Interval(-0.3, -0.4, -0.1)) == (0.3, 0.1, 0.4)
    assert size(Interval(0.1, -0.3, 0.5)) == (0.1, 0.0, 0.5)


def test_readers_are_told_what_a_figure_below_0_means_and_of_the_floor(demo) -> None:
    table = references_table(demo.results[0])
    assert "over-forgetting" in table.caption
    assert "`retain of another seed`" in table.caption
    bold = {(table.shown.loc[place, "Objective"], table.shown.loc[place, "Minus"], name) for place, name in table.bold}
    assert ("gd", "target", "Forget Prob.") in bold
    assert not [name for _, against, name in bold if against == "retain of another seed"]
    choice = references_table(demo.results[1])
    assert set(choice.tidy["against"]) == {"base"}
    assert "over-forgetting" not in choice.caption


def test_bold_goes_to_what_is_nearest_to_the_retain_model_not_to_what_forgot_most(tmp_path) -> None:
    """Forget Probability: retain model about 0.1, grun about 0.1, full and lora 0.01."""
    frames = made_up.questions()
    asked = frames["questions"]
    over = asked["run"].str.contains("full|lora") & (asked["set"] == "forget")
    asked.loc[over, "probability"] = 0.01
    runs = frames["metrics"]["run"].str.contains("full|lora")
    frames["metrics"].loc[runs, "forget_probability"] = 0.01
    (results,) = made_up.Study(tmp_path, [(made_up.TOFU, frames)]).results
    table = main_table(results)
    heading = "Forget Prob. → retain"
    assert {table.shown.loc[place, "Carrier"] for place, name in table.bold if name == heading} == {"grun"}
