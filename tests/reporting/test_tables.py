"""Tables from made-up metrics."""

import numpy as np
import pandas as pd
import pytest
from tests.reporting import made_up

from grunflow.reporting import efficiency, equal_forgetting, forms, tofu, wmdp
from grunflow.reporting.samples import by_method
from grunflow.reporting.tuning import tuning


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    return made_up.frames()


def test_the_main_table_has_a_row_per_method_with_intervals_and_counts(frames) -> None:
    main = tofu.tofu_main(frames["metrics"], frames["questions"])
    assert main[["objective", "carrier"]].to_numpy().tolist()[:3] == [["target", ""], ["retain", ""], ["gd", "full"]]
    assert len(main) == 11
    for figure in ("forget_rougeL", "retain_probability", "model_utility", "forget_quality", "ks_statistic"):
        assert {figure, f"{figure}_lo", f"{figure}_hi"} <= set(main)
    row = main[(main.objective == "gd") & (main.carrier == "grun")].iloc[0]
    mine = frames["questions"][
        frames["questions"].run.str.contains("gd_grun") & (frames["questions"]["set"] == "forget")
    ]
    assert row.forget_rougeL == pytest.approx(mine.rougeL.mean())
    assert row.forget_rougeL_lo < row.forget_rougeL < row.forget_rougeL_hi
    assert (row.seeds, row.forget_questions) == (3, made_up.QUESTIONS)
    table = tofu.table(frames["metrics"], frames["questions"], made_up.ORIGIN)
    assert "not the paper's result (tiny: 1,000,000 parameters)" in table.caption
    assert "forget 12, retain 12" in table.caption


def test_model_utilitys_interval_holds_the_questions_too(frames) -> None:
    """With equal seeds the interval of one method is that of its questions, by the gradient of the harmonic mean."""
    methods = by_method(frames["metrics"], frames["questions"])
    sample = methods["tiny", "forget10", "gd", "grun", ""]["model_utility"]
    scores = sum(part.mean() for part in sample.per_question)
    # Euler: MU is homogeneous of degree 1, so its gradient times the means is MU itself.
    assert scores == pytest.approx(sample.per_seed.mean(), abs=0.02)
    assert sample.interval().hi > sample.interval().mean


def test_differences_are_paired_and_bold_only_beyond_noise(frames) -> None:
    found = tofu.differences(frames["metrics"], frames["questions"]).set_index(["objective", "carrier", "against"])
    gain = found.loc["gd", "grun", "full"]
    assert gain.model_utility == pytest.approx(0.25, abs=0.03)
    assert 0.2 < gain.model_utility_lo < gain.model_utility_hi < 0.3
    assert gain.forget_probability_lo < 0 < gain.forget_probability_hi
    table = tofu.table(frames["metrics"], frames["questions"], made_up.ORIGIN)
    bold = {(table.shown.loc[place, "Carrier"], column) for place, column in table.bold}
    assert ("grun", "Model Utility ↑") in bold
    assert not {("full", "Model Utility ↑"), ("lora", "Model Utility ↑")} & bold
    assert ("grun", "Forget Prob. ↓") not in bold


def test_methods_are_compared_where_they_forgot_equally_much(frames) -> None:
    found = equal_forgetting.equal_forgetting(frames["snapshot_scores"])
    found = found.set_index(["objective", "carrier", "forget_probability"])
    one = frames["snapshot_scores"].query("objective == 'gd' and carrier == 'full' and set == 'retain'")
    ends = one[one.step == 80].groupby("run")["probability"].first()
    # Paths go 0.95, 0.5, 0.1; at 0.2 three quarters of the way from the second to the third.
    at = 0.25 * (0.9 + ends) / 2 + 0.75 * ends
    assert found.loc[("gd", "full", 0.2), "retain_probability"] == pytest.approx(at.mean())
    assert found.loc[("gd", "grun", 0.2), "retain_probability_minus_full_lo"] > 0.15
    stuck = found.loc[("idk", "lora", 0.2)]
    assert np.isnan(stuck.retain_probability)
    assert stuck.reason == "reached under 0 of 3 seeds (lowest: 0.60, 0.60, 0.60)"
    assert np.isnan(found.loc[("idk", "grun", 0.2), "retain_probability_minus_lora"])
    table = equal_forgetting.table(frames["snapshot_scores"], made_up.ORIGIN)
    bold = {tuple(table.shown.loc[place, ["Objective", "Carrier"]]) for place, _ in table.bold}
    assert bold == {("gd", "grun"), ("npo", "grun")}  # of idk, LoRA never came so far


def test_a_study_of_one_carrier_and_one_seed_has_its_tables_too(frames) -> None:
    few = {
        name: rows[rows["run"].str.contains("target|retain|gd_grun") & rows["run"].str.endswith("t0")]
        for name, rows in frames.items()
    }
    main = tofu.table(few["metrics"], few["questions"], made_up.ORIGIN)
    assert main.tidy["seeds"].tolist() == [1, 1, 1]
    assert main.tidy["retain_rougeL_hi"].gt(main.tidy["retain_rougeL"]).all()  # the noise of questions
    assert main.tidy["ks_statistic_lo"].isna().all()
    assert main.bold == frozenset()
    assert len(tofu.differences_table(few["metrics"], few["questions"], "").tidy) == 0
    assert len(equal_forgetting.table(few["snapshot_scores"], "").tidy) == len(equal_forgetting.LEVELS)
    assert not [name for name in efficiency.efficiency(few["efficiency"]) if "reduction" in name]


def test_a_path_that_starts_below_a_level_is_read_at_its_start() -> None:
    path = equal_forgetting.Path(np.array([0.4, 0.1]), {"retain_probability": np.array([[0.9], [0.1]])})
    assert path.at(0.5)["retain_probability"] == [0.9]
    assert path.at(0.05) is None


def test_efficiency_holds_costs_and_what_grun_saves(frames) -> None:
    found = efficiency.efficiency(frames["efficiency"]).set_index(["objective", "carrier"])
    row = found.loc["gd", "grun"]
    assert (row.trained_parameters, row.trained_fraction, row.seeds) == (400, 0.0004, 3)
    assert 0.85 < row.train_seconds_reduction_vs_full_lo < row.train_seconds_reduction_vs_full_hi < 0.95
    assert row.trained_parameters_reduction_vs_lora == pytest.approx(0.98)
    assert np.isnan(found.loc[("gd", "full"), "train_seconds_reduction_vs_full"])
    assert row.gpu_hours == 0
    on_gpus = efficiency.efficiency(frames["efficiency"].assign(gpu_seconds=3600.0))
    assert on_gpus["gpu_hours"].tolist() == [1.0] * len(on_gpus)


def test_wmdp_main_holds_accuracies_and_paired_changes_against_the_untouched_model() -> None:
    table = wmdp.table(made_up.answers(), made_up.ORIGIN)
    base, full, grun = table.tidy.to_dict("records")
    assert (base["objective"], base["carrier"], base["forget_domain_accuracy"]) == ("base", "", 0.8)
    assert (grun["seeds"], grun["forget_domain_accuracy"]) == (3, 0.24)
    assert grun["forget_domain_change"] == pytest.approx(-0.56)
    assert grun["forget_domain_change_lo"] < -0.56 < grun["forget_domain_change_hi"] < -0.4
    # Paired: 158 of the same 160 questions are right, so the change hardly has noise.
    assert full["retain_domain_change_hi"] - full["retain_domain_change_lo"] < 0.03
    assert np.isnan(base["forget_domain_change"])
    assert table.shown["forget_domain change"].tolist()[0] == ""
    assert "chance 0.25" in table.caption
    assert table.bold == frozenset()  # 48 or 50 of 200: noise


def test_markdown_and_latex_hold_every_row_and_mark_bold() -> None:
    frame = pd.DataFrame({"a_b": ["50 % & more", "x"], "c ↑": ["1", "2"]})
    table = forms.Table(frame, frame, "Cost < 1 $ in {x}~y_z", frozenset({(1, "c ↑")}))
    text = forms.latex(table)
    assert r"50 \% \& more & 1 \\" in text
    assert r"x & \textbf{2} \\" in text
    assert r"Cost $<$ 1 \$ in \{x\}\textasciitilde{}y\_z" in text
    assert forms.markdown(table).splitlines()[-1] == "| x | **2** |"
    assert forms.figure_text(0.5, float("nan"), float("nan")) == "0.500"
    assert forms.figure_text(float("nan"), 0.0, 0.0) == ""


def test_tables_are_read_back_with_empty_texts(tmp_path) -> None:
    frame = pd.DataFrame({"model": ["m", "m"], "carrier": ["", "grun"], "reason": ["", ""], "x": [1.0, np.nan]})
    forms.write(forms.Table(frame, frame, ""), tmp_path / "t", ("csv",))
    back = forms.read_tables(tmp_path)["t"]
    assert back["carrier"].tolist() == ["", "grun"]
    assert back["reason"].tolist() == ["", ""]
    assert np.isnan(back["x"][1])


def test_tuning_takes_the_last_step_and_chooses_one_variant_per_method() -> None:
    rows = [
        {"run": f"{variant}{seed}", "model": "tiny", "forget_split": "forget10", "objective": "gd", "carrier": "grun",
         "variant": variant, "step": step, "forget_probability": forgot if step else 1.0, "forget_rougeL": 0.2,
         "retain_probability": kept, "retain_rougeL": kept}
        for variant, forgot, kept in (("low", 0.9, 1.0), ("mid", 0.1, 0.9), ("high", 0.0, 0.2))
        for seed in (0, 1)
        for step in (0, 80)
    ]  # fmt: skip
    table = tuning(pd.DataFrame(rows)).set_index("variant")
    assert table["chosen"].to_dict() == {"low": False, "mid": True, "high": False}
    assert table.loc["mid", "score"] == pytest.approx(4 / (1 / 0.9 + 1 / 0.8 + 2 / 0.9))
    assert table["seeds"].tolist() == [2, 2, 2]
