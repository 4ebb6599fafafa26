"""Metrics against numbers worked out by hand from their definitions (TOFU, Maini et al. 2024)."""

import numpy as np
import pandas as pd
import pytest

from grunflow.evaluation import membership, truth_ratio
from grunflow.evaluation.aggregate import (
    forget_quality,
    gate_auroc,
    harmonic_mean,
    memorisation,
    per_question,
    snapshot_scores,
    snapshot_summary,
    summary,
)
from grunflow.evaluation.memorisation import exact_memorisation, extraction_strength
from grunflow.evaluation.probability import normalised_probability, probability
from grunflow.evaluation.rouge import rouge_l_recall
from grunflow.evaluation.tokens import TokenScores


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


@pytest.mark.parametrize(
    ("correct", "memorised", "strength"),
    [
        ([1, 1, 1, 0], 1.0, 1.0),  # the last label, eos, does not count
        ([0, 1, 1, 1], 2 / 3, 1 - 1 / 3),
        ([1, 1, 0, 1], 2 / 3, 1 - 2 / 3),  # nothing recited at the end leaves k = n - 1
        ([1, 0, 1, 1], 2 / 3, 1 - 2 / 3),
    ],
)
def test_memorisation_of_an_answer(correct, memorised, strength) -> None:
    flags = np.array(correct, dtype=bool)
    assert exact_memorisation(flags) == pytest.approx(memorised)
    assert extraction_strength(flags) == pytest.approx(strength)


def test_membership_scores_are_their_formulas() -> None:
    log_p = np.array([-1.0, -3.0, -2.0, -5.0, -0.5])
    tokens = TokenScores(log_p, log_p > -1, np.full(5, -2.0), np.array([4.0, 1.0, 1.0, 0.0, 1.0]))
    assert membership.loss(tokens) == pytest.approx(11.5 / 5)
    # The last label is left out: the int(4 * 0.5) = 2 smallest of -1, -3, -2, -5.
    assert membership.min_k(tokens, k=0.5) == pytest.approx(4.0)
    # (log p - mean) / spread: 0.5, -1, 0, -3 / 1e-3.
    assert membership.min_k_pp(tokens, k=0.5) == pytest.approx((3000 + 1) / 2)
    assert membership.zlib_ratio(tokens, "abc") == pytest.approx(2.3 / 11)


def test_auroc_is_the_share_of_pairs_in_order() -> None:
    assert membership.auroc(np.array([1.0, 2.0]), np.array([3.0, 2.0])) == pytest.approx(3.5 / 4)


def test_attacks_are_blank_without_a_holdout_and_the_gate_needs_a_gate() -> None:
    frame = pd.DataFrame({"set": "forget", "exact_memorisation": [1.0], "extraction_strength": [0.5],
                          **{attack: [1.0] for attack in membership.ATTACKS}})  # fmt: skip
    assert np.isnan(memorisation(frame)["mia_loss"])
    both = pd.concat([frame, frame.assign(set="holdout", loss=2.0)])
    assert memorisation(both)["mia_loss"] == 1
    assert memorisation(both)["mia_zlib"] == 0.5
    gates = pd.DataFrame({"set": ["forget", "forget", "retain"], "gate": [0.9, 0.2, 0.3]})
    assert gate_auroc(gates)["gate_auroc"] == pytest.approx(0.5)
    assert gate_auroc(gates.assign(gate=np.nan)) == {}


def test_a_snapshot_is_summed_up_per_step() -> None:
    rows = [{"set": name, "question": "q", "answer": "a b", "generation": "a", "nll": nll, "n": 2, "step": step}
            for name, nll in (("forget", 2.0), ("retain", 0.0)) for step in (0, 5)]  # fmt: skip
    table = snapshot_summary(snapshot_scores(pd.DataFrame(rows)))
    assert table["step"].tolist() == [0, 5]
    assert table["forget_probability"].tolist() == pytest.approx([np.exp(-1)] * 2)
    assert table["retain_rougeL"].tolist() == [0.5, 0.5]
