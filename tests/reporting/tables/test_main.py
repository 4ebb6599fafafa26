"""The main table of any benchmark, and what its bold cells rest on."""

import numpy as np
import pandas as pd
import pytest
from tests.reporting import made_up

from grunflow.reporting.intervals import Sample
from grunflow.reporting.samples import Method, by_method
from grunflow.reporting.tables.differences import differences, differences_table
from grunflow.reporting.tables.main import main_table
from grunflow.reporting.tables.robustness import robustness_table


@pytest.fixture(scope="module")
def questions(demo):
    return demo.results[0]


@pytest.fixture(scope="module")
def choice(demo):
    return demo.results[1]


def test_it_has_a_row_per_method_with_intervals_and_counts(questions) -> None:
    table = main_table(questions)
    main = table.tidy
    assert main[["objective", "carrier"]].to_numpy().tolist()[:3] == [["target", ""], ["retain", ""], ["gd", "full"]]
    assert len(main) == 11
    for figure in ("forget_rougeL", "retain_probability", "model_utility", "forget_quality", "ks_statistic"):
        assert {figure, f"{figure}_lo", f"{figure}_hi"} <= set(main)
    assert list(main)[:7] == ["model", "split", "objective", "carrier", "carrier_kind", "seeds", "interval"]
    row = main[(main.objective == "gd") & (main.carrier == "grun")].iloc[0]
    frame = questions.questions
    mine = frame[frame.run.str.contains("gd_grun") & (frame["set"] == "forget")]
    assert row.forget_rougeL == pytest.approx(mine.rougeL.mean())
    assert row.forget_rougeL_lo < row.forget_rougeL < row.forget_rougeL_hi
    assert (row.seeds, row.forget_questions, row.carrier_kind) == (3, made_up.QUESTIONS, "grun")
    assert "not the paper's result (tiny: 1,000,000 parameters)" in table.caption
    assert "forget 12, retain 12" in table.caption


def test_a_figure_that_some_methods_lack_is_empty_for_them(questions) -> None:
    main = main_table(questions).tidy.set_index(["objective", "carrier"])
    assert main.loc[("gd", "grun"), "forget_gate"] == pytest.approx(0.9)
    assert np.isnan(main.loc[("gd", "full"), "forget_gate"])
    assert np.isnan(main.loc[("target", ""), "gate_auroc"])


def test_model_utilitys_interval_holds_the_questions_too(questions) -> None:
    """With equal seeds the interval of one method is that of its questions, by the gradient of the harmonic mean."""
    methods = by_method(questions)
    sample = methods[Method("tiny", "forget10", "gd", "grun", "grun", "", "plain")]["model_utility"]
    assert isinstance(sample, Sample)
    scores = sum(part.mean() for part in sample.per_question)
    # Euler: MU is homogeneous of degree 1, so its gradient times the means is MU itself.
    assert scores == pytest.approx(sample.per_seed.mean(), abs=0.02)
    assert sample.interval().hi > sample.interval().mean


def test_p_values_have_the_range_over_seeds(questions) -> None:
    row = main_table(questions).tidy.iloc[3]
    each = questions.metrics.groupby(["objective", "carrier"], sort=False)["forget_quality"]
    values = each.get_group((row.objective, row.carrier))
    assert (row.forget_quality_lo, row.forget_quality_hi) == (values.min(), values.max())


def test_differences_are_paired_and_bold_only_beyond_noise(questions) -> None:
    found = differences(questions).set_index(["objective", "carrier", "against"])
    gain = found.loc["gd", "grun", "full"]
    assert gain.model_utility == pytest.approx(0.25, abs=0.03)
    assert 0.2 < gain.model_utility_lo < gain.model_utility_hi < 0.3
    assert gain.forget_probability_lo < 0 < gain.forget_probability_hi
    assert (gain.carrier_kind, gain.against_kind) == ("grun", "full")
    table = main_table(questions)
    bold = {(table.shown.loc[place, "Carrier"], column) for place, column in table.bold}
    assert ("grun", "Model Utility ↑") in bold
    assert not {("full", "Model Utility ↑"), ("lora", "Model Utility ↑")} & bold
    assert ("grun", "Forget Prob. → retain") not in bold


def test_a_study_of_one_carrier_and_one_seed_has_its_tables_too(tmp_path) -> None:
    frames = made_up.questions(seeds=(0,), carriers=("grun",), objectives=("gd",))
    (few,) = made_up.Study(tmp_path, [(made_up.TOFU, frames)]).results
    main = main_table(few)
    assert main.tidy["seeds"].tolist() == [1, 1, 1]
    assert main.tidy["retain_rougeL_hi"].gt(main.tidy["retain_rougeL"]).all()  # the noise of questions
    assert main.tidy["interval"].eq("questions only").all()
    assert main.tidy["ks_statistic_lo"].isna().tolist() == [False, True, False]  # the retain model against itself
    assert "One seed: intervals are of the questions only" in main.caption
    assert main.bold == frozenset()
    assert len(differences_table(few).tidy) == 0


def test_answers_by_options_have_accuracies_and_paired_changes_against_the_untouched_model(choice) -> None:
    table = main_table(choice)
    base, full, grun = table.tidy.to_dict("records")
    assert (base["objective"], base["carrier"], base["forget_domain_accuracy"]) == ("base", "", 0.8)
    assert (grun["seeds"], grun["forget_domain_accuracy"]) == (3, 0.24)
    assert grun["forget_domain_change"] == pytest.approx(-0.56)
    assert grun["forget_domain_change_lo"] < -0.56 < grun["forget_domain_change_hi"] < -0.4
    # Paired: 158 of the same 160 questions are right, so the change hardly has noise (of its own: 4.3 % by the
    # limits of two accuracies apart; one discordant pair is added on either side).
    assert full["retain_domain_change_hi"] - full["retain_domain_change_lo"] < 0.04
    assert np.isnan(base["forget_domain_change"])
    assert table.shown["Forget domain change"].tolist()[0] == ""
    assert "chance 0.25" in table.caption
    assert "split" not in table.tidy
    # 48 or 50 of 200 under every seed: noise of questions, but paired they differ by two questions.
    assert table.bold == frozenset()


def test_direction_follows_from_the_role_of_a_set_not_from_its_name(tmp_path) -> None:
    frames = made_up.tales()
    other = frames["questions"]["run"].str.contains("net")
    frames["questions"].loc[other, "recall"] *= 0.5
    runs = frames["metrics"]["run"].str.contains("net")
    frames["metrics"].loc[runs, ["hidden_recall", "open_recall"]] *= 0.5
    (tales,) = made_up.Study(tmp_path, [(made_up.TALES, frames)]).results
    table = main_table(tales)
    assert {"Hidden Recall ↓", "Open Recall ↑", "Worth ↑"} <= set(table.shown)
    assert "Worth from seeds alone" in table.caption
    bold = {(table.shown.loc[place, "Carrier"], column) for place, column in table.bold}
    assert ("net", "Hidden Recall ↓") in bold
    assert ("sieve", "Open Recall ↑") in bold


def test_robustness_is_the_main_table_under_every_condition(tmp_path) -> None:
    frames = made_up.questions()
    for name in ("metrics", "questions"):
        halved = frames[name][frames[name]["run"].str.contains("grun")].assign(condition="half")
        halved[[column for column in halved if column.endswith("rougeL")]] /= 2
        frames[name] = pd.concat([frames[name], halved], ignore_index=True)
    frames["metrics"]["strength"] = np.where(frames["metrics"]["condition"] == "half", 0.5, np.nan)
    study = made_up.Study(tmp_path, [(made_up.TOFU, frames), (made_up.WMDP, made_up.choice())])
    table = robustness_table(*study.results)
    rows = table.tidy.set_index(["benchmark", "objective", "carrier", "condition"])
    plain, half = (rows.loc[("tofu", "gd", "grun", name)] for name in ("plain", "half"))
    assert half.retain_rougeL == pytest.approx(plain.retain_rougeL / 2)
    assert half.retain_rougeL_lo < half.retain_rougeL < half.retain_rougeL_hi
    assert (half.strength, half.forget_gate, half.retain_gate) == (0.5, pytest.approx(0.9), pytest.approx(0.1))
    assert rows.loc[("wmdp", "rmu", "grun", "plain"), "forget_domain_accuracy"] == 0.24
    assert list(table.shown)[:6] == ["Benchmark", "Model", "Objective", "Carrier", "Condition", "Strength"]
    # The main table knows nothing of it.
    assert main_table(study.results[0]).tidy["seeds"].tolist() == [3] * 11


def test_conditions_none_of_which_has_a_strength_make_a_table(tmp_path) -> None:
    """WMDP of the paper's study stands under rounding alone: Parquet knows no type for strengths of which none is a number."""
    frames = made_up.choice()
    for name in ("metrics", "questions"):
        rounded = frames[name][frames[name]["run"].str.contains("rmu")].assign(condition="int8")
        frames[name] = pd.concat([frames[name], rounded], ignore_index=True)
    frames["metrics"] = frames["metrics"].assign(strength=None)
    study = made_up.Study(tmp_path, [(made_up.WMDP, frames)])
    found = robustness_table(*study.results)
    assert set(found.tidy["condition"]) == {"plain", "int8"}
    assert set(found.shown["Strength"]) == {""}
