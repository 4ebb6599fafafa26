"""What a metric is worth, on made-up figures: every expected number is worked out by hand beside it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.reporting import made_up

from grunflow.reporting.forms import Table
from grunflow.reporting.tables.main import main_table
from grunflow.reporting.tables.metrics import metrics_table

LEARNT, NEVER = [0.9] * 6 + [0.5] * 6, [0.5] * 3 + [0.1] * 9  # of questions


def frames(seeds: tuple[int, ...]) -> made_up.Frames:
    """Target and retain models with known scores; two methods that show .1 as they are."""
    found = made_up.questions(seeds=seeds, objectives=("gd",), carriers=("full", "grun"))
    asked, runs = found["questions"], found["metrics"]
    for name, scores in (("target", LEARNT), ("retain", NEVER)):
        mine = asked["run"].str.contains(f"/{name}_") & (asked["set"] == "forget")
        for metric, values in (("probability", scores), ("truth_ratio", [1 - score for score in scores])):
            asked.loc[mine, metric] = np.tile(values, len(seeds))
            runs.loc[runs["objective"] == name, f"forget_{metric}"] = np.mean(values)
    runs.loc[runs["carrier"] != "", "forget_probability"] = 0.1
    return found


def table(folder: Path, found: made_up.Frames) -> tuple[Table, pd.DataFrame]:
    made = metrics_table(("relearn",), ("nf4",), *made_up.Study(folder, [(made_up.TOFU, found)]).results)
    return made, made.tidy.set_index("metric")


def caption_of(folder: Path, found: made_up.Frames) -> str:
    return main_table(made_up.Study(folder, [(made_up.TOFU, found)]).results[0]).caption


def test_of_one_seed_questions_are_told_apart(tmp_path: Path) -> None:
    """Half of the target's scores (.9) lie above all of the retain model's; the other half (.5) above nine of twelve and level with
    three: 1/2 + 1/2 (9/12 + 3/24) = .9375. A Truth Ratio near 1 says forgotten, and is turned."""
    made, rows = table(tmp_path, frames((0,)))
    for name in ("forget_probability", "forget_truth_ratio"):
        assert rows.loc[name, "auroc"] == pytest.approx(0.9375)
        assert rows.loc[name, "auroc_lo"] < 0.9375 < rows.loc[name, "auroc_hi"] <= 1
    assert set(rows["over"]) == {"questions"}
    # What needs another model, says nothing of the forget set, or is not known of a model without a gate, is not judged.
    assert not {"ks_statistic", "model_utility", "forget_gate", "gate_auroc", "retain_probability"} & set(rows.index)
    assert rows["relearning_relearn"].isna().all()
    assert made.shown["Robust under nf4"].tolist() == [""] * len(rows)


def test_of_several_seeds_models_are_told_apart(tmp_path: Path) -> None:
    """Of nine pairs the target that shows .9 wins three, the two that show .5 win two each and are level in one: (3 + 5) / 9."""
    found = frames((0, 1, 2))
    runs = found["metrics"]
    runs.loc[runs["objective"] == "target", "forget_probability"] = [0.9, 0.5, 0.5]
    runs.loc[runs["objective"] == "retain", "forget_probability"] = [0.5, 0.1, 0.1]
    row = table(tmp_path, found)[1].loc["forget_probability"]
    assert (row.auroc, row.over, row.with_knowledge, row.without_knowledge) == (pytest.approx(8 / 9), "seeds", 3, 3)
    assert np.isnan(row.auroc_lo)


def test_what_comes_back_under_an_attack_or_rounding_is_held_against_a_metric(tmp_path: Path) -> None:
    """Relearning: full gains .4 where the retain model gains .1, a quarter; GRUN gains less than that, which is no recovery: 1.
    Rounding: full shows .1 before and .4 after, a quarter; GRUN shows less after: 1."""
    found = frames((0,))
    runs = found["metrics"]
    after = {"full": 0.5, "grun": 0.15, "": 0.2}
    attacked = runs[runs["objective"] != "target"].assign(
        condition="relearn", forget_probability=0.1, strength=0.0, point="0"
    )
    later = attacked.assign(point="32", strength=32.0, forget_probability=attacked["carrier"].map(after))
    grids = runs[runs["carrier"] != ""].assign(condition="nf4")
    grids["forget_probability"] = grids["carrier"].map({"full": 0.4, "grun": 0.05})
    found["metrics"] = pd.concat([runs, attacked, later, grids], ignore_index=True)
    made, rows = table(tmp_path, found)
    row = rows.loc["forget_probability"]
    for name in ("relearning_relearn", "quantised_nf4"):
        assert [row[f"{name}{end}"] for end in ("", "_lo", "_hi")] == pytest.approx([0.625, 0.25, 1])
    shown = made.shown.set_index("Figure").loc["Forget Prob."]
    assert (shown["Robust under relearn"], shown["Robust under nf4"]) == ("0.62 [0.25, 1.00]", "0.62 [0.25, 1.00]")


def test_a_study_without_a_retain_model_has_no_row(tmp_path: Path) -> None:
    found = frames((0,))
    found["metrics"] = found["metrics"][found["metrics"]["objective"] != "retain"]
    assert len(table(tmp_path, found)[1]) == 0


def test_the_main_tables_caption_tells_what_its_figures_are_worth(tmp_path: Path) -> None:
    caption = caption_of(tmp_path / "both", frames((0,)))
    assert (
        "AUROC of a figure, target against retain model (table metrics), tiny: Forget ROUGE-L 1.00, Forget Prob. 0.94"
        in caption
    )
    (choice,) = made_up.Study(tmp_path / "one", [(made_up.WMDP, made_up.choice())]).results
    assert "AUROC of a figure" not in main_table(choice).caption
