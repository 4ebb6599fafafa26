"""Metrics against numbers worked out by hand from their definitions (TOFU, Maini et al. 2024)."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from grunflow.benchmarks.base import RunScores, declared
from grunflow.benchmarks.tofu.metrics import METRICS
from grunflow.config.benchmarks import BenchmarkSpec
from grunflow.evaluation import membership, run_metrics, truth_ratio
from grunflow.evaluation.aggregate import per_question, summary
from grunflow.evaluation.memorisation import exact_memorisation, extraction_strength
from grunflow.evaluation.probability import normalised_probability, probability
from grunflow.evaluation.rouge import rouge_l_recall
from grunflow.evaluation.tokens import TokenScores
from grunflow.stages.aggregate import of_steps, question_metrics

TOFU = declared(BenchmarkSpec(name="tofu", kind="tofu"))


def scores() -> pd.DataFrame:
    rows = [
        {
            "set": name, "index": index, "generation": "a dog", "answer": "a cat", "nll_answer": 2.0, "n_answer": 4,
            "nll_paraphrased": 1.0, "n_paraphrased": 2, "nll_perturbed": [4.0, 6.0, 2.0 + index],
            "n_perturbed": [2, 2, 1],
        }
        for name in ("forget", "retain", "real_authors", "world_facts")
        for index in range(3)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def run_of(frame: pd.DataFrame, **frames: pd.DataFrame) -> RunScores:
    """Questions whose metrics are there already."""
    return RunScores(frame, {"answers": frame, **frames})


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
    frames = {"answers": scores()}
    questions = per_question(METRICS, TOFU.sets, frames)
    first = questions.iloc[0]
    assert first.raw_ratio == pytest.approx(np.exp(0.5 - (2 + 3 + 2) / 3))
    assert first.probability == pytest.approx(np.exp(-0.5))
    assert first.rougeL == 0.5
    option = questions[questions["set"] == "world_facts"].iloc[0]
    wrong = np.exp(-2) + np.exp(-3) + np.exp(-2)
    assert option.probability == pytest.approx(np.exp(-0.5) / (np.exp(-0.5) + wrong))
    found = summary(METRICS, RunScores(questions, frames))
    nine = [found[f"{s}_{m}"] for s in ("retain", "real_authors", "world_facts")
            for m in ("rougeL", "probability", "truth_ratio")]  # fmt: skip
    assert found["model_utility"] == pytest.approx(9 / sum(1 / value for value in nine))
    assert "forget_gate" not in found
    assert "forget_quality" not in found, "there is no retain model to compare with"


def test_truth_ratio_follows_tofu_by_the_sets_role() -> None:
    questions = per_question(METRICS, TOFU.sets, {"answers": scores()}).set_index(["set", "index"])
    raw = questions.raw_ratio["forget", 0]
    assert questions.truth_ratio["forget", 0] == pytest.approx(min(raw, 1 / raw))
    assert questions.truth_ratio["retain", 0] == pytest.approx(max(0, 1 - raw))


def test_a_metric_whose_column_a_probe_does_not_give_is_left_out() -> None:
    bare = scores().drop(columns=["nll_perturbed", "n_perturbed", "nll_paraphrased", "n_paraphrased"])
    questions = per_question(METRICS, TOFU.sets[:2], {"answers": bare})
    assert {"rougeL", "probability"} <= set(questions)
    assert not {"truth_ratio", "truth_ratio_grun", "raw_ratio"} & set(questions)


def test_the_harmonic_mean_is_zero_if_one_value_is() -> None:
    assert run_metrics.harmonic_mean([1.0, 0.0]) == 0
    assert run_metrics.harmonic_mean([1.0, 0.5]) == pytest.approx(2 / 3)


def test_forget_quality_of_separate_samples_is_the_exact_p_value() -> None:
    def run(own: list[float], other: list[float]) -> RunScores:
        frames = [pd.DataFrame({"set": "forget", "raw_ratio": ratios}) for ratios in (own, other)]
        return RunScores(frames[0], {"answers": frames[0]}, {"retain": run_of(frames[1])})

    found = summary([item for item in METRICS if item.reference], run([1.0, 2, 3], [4.0, 5, 6]))
    # Of the C(6, 3) = 20 orders two are as extreme.
    assert found == {"forget_quality": pytest.approx(0.1), "ks_statistic": 1.0, "n_unlearned": 3, "n_retain": 3}
    assert run_metrics.forget_quality(run([1.0, 2], [1.0, 2])) == 1


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
    assert run_metrics.auroc(np.array([1.0, 2.0]), np.array([3.0, 2.0])) == pytest.approx(3.5 / 4)


def test_attacks_are_blank_without_a_holdout_and_the_gate_needs_a_gate() -> None:
    frame = pd.DataFrame({"set": "forget", "exact_memorisation": [1.0], "extraction_strength": [0.5],
                          **{attack: [1.0] for attack in run_metrics.ATTACKS}})  # fmt: skip
    assert np.isnan(run_metrics.attack("loss")(run_of(frame, membership=frame)))
    both = pd.concat([frame, frame.assign(set="holdout", loss=2.0)])
    assert run_metrics.attack("loss")(run_of(both, membership=both)) == 1
    assert run_metrics.attack("zlib")(run_of(both, membership=both)) == 0.5
    assert run_metrics.memorised("extraction_strength")(run_of(both, membership=both)) == 0.5
    gates = pd.DataFrame({"set": ["forget", "forget", "retain"], "gate": [0.9, 0.2, 0.3]})
    assert run_metrics.gate_auroc("retain")(run_of(gates)) == pytest.approx(0.5)
    assert np.isnan(run_metrics.gate_auroc("retain")(run_of(gates.assign(gate=np.nan))))


def test_a_snapshot_is_summed_up_per_step() -> None:
    rows = pd.DataFrame(
        [{"set": name, "index": 0, "question": "q", "answer": "a b", "generation": "a", "nll_answer": nll,
          "n_answer": 2, "step": 5, "output": "answers"} for name, nll in (("forget", 2.0), ("retain", 0.0))]
    )  # fmt: skip
    found = summary(question_metrics(TOFU), RunScores(of_steps(TOFU, rows), {}))
    assert found["forget_probability"] == pytest.approx(np.exp(-1))
    assert found["retain_rougeL"] == 0.5
    assert "forget_truth_ratio" not in found


@pytest.mark.parametrize("kind", ["knowledge", "quality", "distance", "nothing"])
def test_the_direction_of_a_metric_follows_from_the_sets_role(kind: str) -> None:
    metric = replace(METRICS[0], measures=kind)
    lower = {role for role in ("forget", "keep", "world", "holdout", "") if metric.lower_is_better(role)}
    assert lower == {
        "knowledge": {"forget"}, "distance": {"forget", "keep", "world", "holdout", ""}, "quality": set(), "nothing": set(),
    }[kind]  # fmt: skip
