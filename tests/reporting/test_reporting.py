"""Intervals, tables, figures and the page, from made-up metrics."""

import numpy as np
import pandas as pd
import pytest

from grunflow.config import names
from grunflow.reporting import figures, page, style, tables, wmdp
from grunflow.reporting.intervals import interval, median_and_range, seed_interval
from grunflow.reporting.tuning import tuning

ORIGIN = "Tiny study, not the paper's result"
SETS = ("forget", "retain", "real_authors", "world_facts")


def made_up() -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(0)
    metrics, questions = [], []
    for objective, carrier, seeds in (("target", "", 1), ("retain", "", 1), ("gd", "full", 2), ("gd", "grun", 2)):
        for seed in range(seeds):
            run = f"{objective}{carrier}{seed}"
            gate = {"gate_0": 0.9} if carrier == "grun" else {}
            for name in SETS:
                for index in range(5):
                    values = {m: rng.uniform() for m in ("rougeL", "probability", "truth_ratio", "truth_ratio_grun")}
                    questions.append({"run": run, "set": name, "index": index, **values, **gate})
            metrics.append(
                {"run": run, "model": "tiny", "forget_split": "forget10", "objective": objective, "carrier": carrier, "variant": "",
                 "model_utility": 0.5 + 0.1 * seed, "ks_statistic": 0.4, "forget_quality": 10.0 ** -(seed + 2),
                 "n_unlearned": 5, "n_retain": 5, "model_parameters": 1234567}
            )  # fmt: skip
    return pd.DataFrame(metrics), pd.DataFrame(questions)


def test_an_interval_holds_its_mean_and_shrinks_with_questions() -> None:
    rng = np.random.default_rng(1)
    few, many = interval(rng.uniform(size=(3, 10))), interval(rng.uniform(size=(3, 1000)))
    assert few.lo < few.mean < few.hi
    assert many.hi - many.lo < few.hi - few.lo


def test_intervals_cover_the_truth_when_questions_and_seeds_both_vary() -> None:
    rng, hits, trials = np.random.default_rng(2), 0, 400
    for _ in range(trials):
        values = 0.5 + 0.02 * rng.normal(size=(3, 1)) + 0.1 * rng.normal(size=(1, 40)) + 0.05 * rng.normal(size=(3, 40))
        found = interval(values)
        hits += found.lo <= 0.5 <= found.hi
    assert hits / trials >= 0.92


def test_seed_intervals_are_students_and_one_seed_has_none() -> None:
    found = seed_interval(np.array([0.4, 0.6]))
    # t(0.975, 1) = 12.706, standard error 0.1: beyond the bounds, so clipped.
    assert found == (0.5, 0.0, 1.0)
    assert np.isnan(seed_interval(np.array([0.4])).lo)
    assert median_and_range(np.array([1e-3, 1e-9, 1e-5])) == (1e-5, 1e-9, 1e-3)


def test_the_main_table_has_a_row_per_method_with_intervals_and_the_models_size() -> None:
    metrics, questions = made_up()
    table = tables.tofu_main(metrics, questions)
    assert table[["objective", "carrier", "seeds"]].to_numpy().tolist() == [
        ["target", "", 1], ["retain", "", 1], ["gd", "full", 2], ["gd", "grun", 2],
    ]  # fmt: skip
    for figure in ("forget_rougeL", "retain_probability", "model_utility", "forget_quality", "ks_statistic"):
        assert {figure, f"{figure}_lo", f"{figure}_hi"} <= set(table)
    row = table.iloc[3]
    mine = questions[questions.run.str.startswith("gdgrun") & (questions["set"] == "forget")]
    assert row.forget_rougeL == pytest.approx(mine.rougeL.mean())
    assert "1,234,567 parameters" in tables.model_note(table, ORIGIN)
    shown = tables.readable(table)
    text = tables.latex(shown, tables.model_note(table, ORIGIN))
    assert text.count(r"\\") == 5
    assert r"\toprule" in text
    assert "not the paper's result" in tables.markdown(shown, tables.model_note(table, ORIGIN))


def test_figures_are_written_with_the_same_bytes_twice_and_the_page_needs_no_network(tmp_path) -> None:
    metrics, questions = made_up()
    table = tables.tofu_main(metrics, questions)
    for name in ("a", "b"):
        figures.forget_utility(table, tables.model_note(table, ORIGIN), tmp_path / name)
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    figures.gate_activations(questions, metrics, "note", tmp_path / "gates")
    html = page.render("Study", ORIGIN, table, table[["model", "objective"]], [tmp_path / "a.png"])
    assert "http" not in html
    assert "1,234,567 parameters" in html
    assert html.count("<li>") == 2


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


def test_every_objective_has_a_marker_and_every_carrier_a_colour() -> None:
    assert {*names.OBJECTIVES, "target", "retain", "base"} == set(style.MARKERS)
    assert len(set(style.MARKERS.values())) == len(style.MARKERS)
    assert {*names.CARRIERS, ""} == set(style.COLOURS)


def made_up_answers() -> pd.DataFrame:
    """base: 8 of 10 right on both tasks; rmu full, two seeds: 3 and 2 of 10 on forget, 8 on retain."""
    rows = []
    for objective, carrier, seed, right in (
        ("base", "", None, (8, 8)),
        ("rmu", "full", 0, (3, 8)),
        ("rmu", "full", 1, (2, 8)),
    ):
        for task, count in zip(("forget_domain", "retain_domain"), right, strict=True):
            rows += [
                {"run": f"{objective}{seed}", "model": "tiny", "objective": objective, "carrier": carrier, "unlearn_seed": seed,
                 "task": task, "index": i, "correct": i < count} for i in range(10)
            ]  # fmt: skip
    return pd.DataFrame(rows)


def test_wmdp_main_holds_accuracies_and_paired_changes_against_the_untouched_model() -> None:
    base, rmu = wmdp.wmdp_main(made_up_answers()).to_dict("records")
    assert (base["objective"], base["carrier"], base["forget_domain_accuracy"]) == ("base", "", 0.8)
    assert rmu["seeds"] == 2
    assert rmu["forget_domain_accuracy"] == pytest.approx(0.25)
    assert rmu["forget_domain_change"] == pytest.approx(-0.55)
    assert rmu["forget_domain_change_lo"] < -0.55 < rmu["forget_domain_change_hi"] < 0
    # Paired: the same questions are right before and after, so the change has no noise.
    assert (rmu["retain_domain_change"], rmu["retain_domain_change_lo"], rmu["retain_domain_change_hi"]) == (0, 0, 0)
    assert np.isnan(base["forget_domain_change"])


def test_the_wmdp_part_is_drawn_and_told(tmp_path) -> None:
    table = wmdp.wmdp_main(made_up_answers())
    figures.accuracy_figure(table, ORIGIN, tmp_path / "wmdp_accuracy")
    assert (tmp_path / "wmdp_accuracy.pdf").stat().st_size > 1000
    shown = wmdp.readable(table)
    assert shown["forget_domain accuracy"].tolist()[1].startswith("0.250 [")
    assert shown["forget_domain change"].tolist()[0] == ""
    assert "chance 0.25" in wmdp.caption(table, ORIGIN)
    assert page.wmdp_sentences(table) == [
        "RMU on full: accuracy forget_domain 0.800 → 0.250, retain_domain 0.800 → 0.800 (2 seeds)."
    ]
