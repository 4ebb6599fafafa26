"""Methods compared where they have forgotten, or kept, equally much."""

import numpy as np
import pandas as pd
import pytest
from tests.reporting import made_up

from grunflow.reporting.tables.equal_forgetting import LEVELS, equal_forgetting, equal_forgetting_table, levels
from grunflow.reporting.tables.equal_retention import equal_retention, equal_retention_table

KEY = ["objective", "carrier", "forget_probability", "reading"]


def test_methods_are_compared_at_equal_levels(demo) -> None:
    questions, choice = demo.results
    found = equal_forgetting(questions).set_index(KEY)
    scores = questions.frame("strength_scores")
    one = scores.query("objective == 'gd' and carrier == 'full' and set == 'retain'")
    ends = one[one.strength == 1].groupby("run")["probability"].mean()
    # Forget Probability goes evenly from 0.95 to 0.1, what is kept from 0.9 to the end: at 0.2 after 75 of 85 parts.
    assert found.loc[("gd", "full", 0.2, "strength"), "retain_probability"] == pytest.approx(
        (0.9 * 10 + 75 * ends.mean()) / 85
    )
    assert found.loc[("gd", "grun", 0.2, "strength"), "retain_probability_minus_full_lo"] > 0.15
    # The snapshots go 0.95, 0.5, 0.1: nobody saw what lies between. The last alone is at or below 0.2.
    path = found.loc[("gd", "full", 0.2, "path")]
    assert np.isnan(path.retain_probability)
    assert path.reason == "not observed (0.5 -> 0.1 between steps 40 and 80)"
    assert found.loc[("gd", "full", 0.2, "snapshot"), "retain_probability"] == pytest.approx(ends.mean())
    assert found.loc[("gd", "full", 0.2, "snapshot"), "told"] == "step 80 (at 0.1)"
    stuck = found.loc[("idk", "lora", 0.2, "strength")]
    assert np.isnan(stuck.retain_probability)
    assert stuck.reason == "not reached (lowest: 0.60)"
    assert np.isnan(found.loc[("idk", "grun", 0.2, "strength"), "retain_probability_minus_lora"])
    assert found.loc[("idk", "grun", 0.2, "strength"), "told"] == "lora: not reached (lowest: 0.60)"
    table = equal_forgetting_table(questions, choice)
    bold = {tuple(table.shown.loc[place, ["Objective", "Carrier"]]) for place, _ in table.bold}
    assert bold == {("gd", "grun"), ("npo", "grun")}  # of idk, LoRA never came so far
    assert (
        "2 snapshots and the start, 11 strengths, on 4 kept questions that no other table reads. Over 3 target models"
        in table.caption
    )
    assert table.tidy["benchmark"].unique().tolist() == ["tofu", "wmdp"]


def test_methods_are_compared_where_they_keep_equally_much(demo) -> None:
    questions, choice = demo.results
    found = equal_retention(questions).set_index(["objective", "carrier", "keep_probability_share", "reading"])
    # Full keeps 2/3 of it at the end, so it is down to 90 % after about 3 of 10 parts of the way from 0.95 to 0.1.
    assert found.loc[("gd", "full", 0.9, "strength"), "forget_probability"] == pytest.approx(
        0.95 - 0.85 * 0.3, abs=0.03
    )
    assert found.loc[("gd", "grun", 0.9, "strength"), "reason"] == "not reached (lowest: 0.93, 0.94)"
    assert found.loc[("gd", "lora", 0.9, "strength"), "forget_probability_minus_full_lo"] > 0
    # Of GRUN's snapshots the last keeps enough, and has forgotten most.
    assert found.loc[("gd", "grun", 0.9, "snapshot"), "forget_probability"] == pytest.approx(0.1)
    assert equal_retention_table(questions, choice).caption.startswith("At equal retention.")


def test_levels_lie_above_guessing(demo) -> None:
    questions, choice = demo.results
    assert levels(questions) == (0.5, 0.2, 0.1)
    assert levels(choice) == (0.625, 0.4, 0.325)


def test_one_carrier_has_its_rows_and_without_scaled_runs_two_readings_are_left(tmp_path) -> None:
    frames = made_up.questions(seeds=(0,), carriers=("grun",), objectives=("gd",))
    (few,) = made_up.Study(tmp_path / "all", [(made_up.TOFU, frames)]).results
    assert len(equal_forgetting_table(few).tidy) == 3 * len(LEVELS)
    frames.pop("strength_scores")
    (fewer,) = made_up.Study(tmp_path / "less", [(made_up.TOFU, frames)]).results
    assert set(equal_forgetting_table(fewer).tidy["reading"]) == {"path", "snapshot"}


def test_best_snapshots_that_say_something_else_are_told_where_strength_decides(tmp_path) -> None:
    frames = made_up.questions(objectives=("gd",), carriers=("full", "grun"))
    turned = {"full": 0.9, "grun": 0.3}
    scores = frames["snapshot_scores"]
    kept = (scores["set"] == "retain") & (scores["step"] > 0)
    scores.loc[kept, "probability"] = scores.loc[kept, "carrier"].map(turned)
    (results,) = made_up.Study(tmp_path, [(made_up.TOFU, frames)]).results
    found = equal_forgetting(results).set_index(KEY)
    row = found.loc[("gd", "grun", 0.2, "strength")]
    assert row.retain_probability_minus_full_lo > 0
    assert row.told == "the best snapshots see the opposite: retain_probability_minus_full -0.60 [-0.60, -0.60]"


@pytest.mark.parametrize("made", [equal_forgetting, equal_retention])
def test_the_replicates_of_an_interval_are_target_models_where_runs_share_them(tmp_path, made) -> None:
    """What claims tested together take the degrees of freedom from (claim_conditions.py)."""
    frames = made_up.questions(seeds=(0, 1, 2, 3), objectives=("gd",), carriers=("full", "grun"))
    (apart,) = made_up.Study(tmp_path / "apart", [(made_up.TOFU, frames)]).results
    assert set(made(apart)["replicates"]) == set(made(apart)["seeds"]) == {4}
    for name in ("snapshot_scores", "strength_scores"):
        frames[name]["target_seed"] //= 2
    (shared,) = made_up.Study(tmp_path / "shared", [(made_up.TOFU, frames)]).results
    assert (set(made(shared)["replicates"]), set(made(shared)["seeds"])) == ({2}, {4})


CLIFF = {0: (0.95, 0.9), 40: (0.95, 0.9), 80: (0.05, 0.5)}  # step -> forget, retain Probability
DIP = {0: (0.95, 0.9), 10: (0.8, 0.85), 20: (0.65, 0.8), 40: (0.5, 0.75), 60: (0.45, 0.7), 80: (0.7, 0.6)}


@pytest.mark.parametrize("way", [CLIFF, DIP])
def test_a_cliff_and_a_dip_give_no_verdict_by_the_training_path_and_their_truth_by_strength(
    tmp_path, way: dict
) -> None:
    """By construction both carriers are alike but that GRUN, scaled back, keeps 0.1 more at every strength from the second on."""
    frames = made_up.questions(objectives=("gd",), carriers=("full", "grun"))
    who = frames["snapshot_scores"].query("step == 0")
    frames["snapshot_scores"] = pd.concat(
        who.assign(step=step, probability=np.where(who["set"] == "forget", forget, keep))
        for step, (forget, keep) in way.items()
    )
    scaled = frames["strength_scores"]
    kept, more = (scaled["set"] == "retain") & (scaled["strength"] > 0), (scaled["carrier"] == "grun").astype(float)
    easy = 0.002 * (1 + more) * (scaled["index"] - 1.5)
    scaled.loc[kept, "probability"] = (0.8 + 0.1 * more - 0.2 * scaled["strength"] + easy)[kept]
    (results,) = made_up.Study(tmp_path, [(made_up.TOFU, frames)]).results
    found = equal_forgetting(results).set_index(KEY)
    row = found.loc[("gd", "grun", 0.5, "path")]
    assert np.isnan(row.retain_probability_minus_full)
    if way is CLIFF:
        assert row.reason == "not observed (0.95 -> 0.05 between steps 40 and 80)"
    else:
        assert row.retain_probability == pytest.approx(0.75)
        assert row.told == "first crossing, between steps 20 and 40: at 0.7 again at step 80"
    row = found.loc[("gd", "grun", 0.5, "strength")]
    assert row.retain_probability_minus_full == pytest.approx(0.1)
    assert row.retain_probability_minus_full_lo > 0
