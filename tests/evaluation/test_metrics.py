"""Metrics against numbers worked out by hand from their definitions (TOFU, Maini et al. 2024)."""

import numpy as np
import pandas as pd
import pytest

from grunflow.evaluation import truth_ratio
from grunflow.evaluation.aggregate import forget_quality, harmonic_mean, per_question, summary
from grunflow.evaluation.probability import normalised_probability, probability
from grunflow.evaluation.rouge import rouge_l_recall


def scores() -> pd.DataFrame:
    rows = [
        {
            "set": name, "index": index, "rougeL": 0.5, "nll_answer": 2.0, "n_answer": 4, "nll_paraphrased": 1.0,
            "n_paraphrased": 2, "nll_perturbed": [4.0, 6.0, 2.0 + index], "n_perturbed": [2, 2, 1],
        }
        for name in ("forget", "retain", "real_authors", "world_facts")
        for index in range(3)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_rouge_recall_stems_and_counts_words_of_the_answer() -> None:
    assert rouge_l_recall("the cats sat down", "a cat sat") == pytest.approx(2 / 3)
    assert rouge_l_recall("", "a cat") == 0


def test_probability_is_per_token_and_normalised_over_the_options() -> None:
    assert probability(np.array([2.0]), np.array([4]))[0] == pytest.approx(np.exp(-0.5))
    assert normalised_probability(np.array([0.6]), [np.array([0.1, 0.2, 0.3])])[0] == pytest.approx(0.5)


def test_both_forms_of_the_truth_ratio() -> None:
    losses = np.array([2.0, 3.0])
    raw = truth_ratio.raw_ratio(losses, 0.5)
    assert raw == pytest.approx(np.exp(-2.5) / np.exp(-0.5))
    assert truth_ratio.on_forget(np.array([raw, 1 / raw])) == pytest.approx([raw, raw])
    assert truth_ratio.on_others(np.array([raw, 3.0])) == pytest.approx([1 - raw, 0])
    arithmetic = (np.exp(-2) + np.exp(-3)) / 2 / np.exp(-0.5)
    assert truth_ratio.grun_form(losses, 0.5) == pytest.approx(1 - arithmetic)


def test_a_question_and_its_summary() -> None:
    questions = per_question(scores())
    first = questions.iloc[0]
    assert first.raw_ratio == pytest.approx(np.exp(0.5 - (2 + 3 + 2) / 3))
    assert first.probability == pytest.approx(np.exp(-0.5))
    option = questions[questions["set"] == "world_facts"].iloc[0]
    wrong = np.exp(-2) + np.exp(-3) + np.exp(-2)
    assert option.probability == pytest.approx(np.exp(-0.5) / (np.exp(-0.5) + wrong))
    found = summary(questions)
    nine = [found[f"{s}_{m}"] for s in ("retain", "real_authors", "world_facts")
            for m in ("rougeL", "probability", "truth_ratio")]  # fmt: skip
    assert found["model_utility"] == pytest.approx(9 / sum(1 / value for value in nine))
    assert "forget_gate" not in found


def test_the_harmonic_mean_is_zero_if_one_value_is() -> None:
    assert harmonic_mean([1.0, 0.0]) == 0
    assert harmonic_mean([1.0, 0.5]) == pytest.approx(2 / 3)


def test_forget_quality_of_separate_samples_is_the_exact_p_value() -> None:
    def frame(ratios):
        return pd.DataFrame({"set": "forget", "raw_ratio": ratios})

    found = forget_quality(frame([1.0, 2, 3]), frame([4.0, 5, 6]))
    # Of the C(6, 3) = 20 orders two are as extreme.
    assert found == {"forget_quality": pytest.approx(0.1), "ks_statistic": 1.0, "n_unlearned": 3, "n_retain": 3}
    assert forget_quality(frame([1.0, 2]), frame([1.0, 2]))["forget_quality"] == 1
