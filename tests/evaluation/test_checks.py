"""Scores that are not finite, and references that ROUGE cannot see."""

import numpy as np
import pandas as pd
import pytest

from grunflow.data.words import check_references, seen_by_rouge
from grunflow.errors import BadInput, CheckFailed
from grunflow.evaluation import metrics
from grunflow.evaluation.checks import check_finite
from grunflow.evaluation.examples import examples
from grunflow.reporting.answers import scores

WHOLE = pd.DataFrame(
    {"set": ["forget", "forget", "retain"], "index": [0, 1, 0], "answer": ["a", "b", "c"], "nll_answer": [1.0, 2.0, 3.0],
     "nll_perturbed": [[1.0], [2.0, 3.0], []], "gate_1": [0.5, 0.4, 0.1], "paraphrased_gate_1": [0.5, 0.4, np.nan]}
)  # fmt: skip


def test_a_gate_may_be_absent_from_a_set() -> None:
    check_finite(WHOLE, "answers", "run")


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("nll_answer", [1.0, np.nan, 3.0]),
        ("nll_answer", [np.nan] * 3),
        ("nll_perturbed", [[1.0], [2.0, np.inf], []]),
        ("gate_1", [0.5, np.nan, 0.1]),
        ("min_k", [1.0, -np.inf, 0.0]),
        ("correct", [1.0, np.nan, 0.0]),
    ],
)
def test_a_score_that_is_not_finite_is_named(column: str, values: list) -> None:
    with pytest.raises(
        CheckFailed, match=rf"run: answers: {column} of forget question [01] is .*; the model gives no finite score"
    ):
        check_finite(WHOLE.assign(**{column: values}), "answers", "run")


@pytest.mark.parametrize("text", ["Ash", "Müller & Söhne", "1703", "Oui 👍", "São Tomé", "İzmir"])
def test_rouge_sees_latin_letters_and_digits(text: str) -> None:
    assert seen_by_rouge(text)


@pytest.mark.parametrize(
    "text", ["", " ", "...", "东京是首都。", "القاهرة", "👍👍", "Санкт-Петербург 1703", "東京 (T)", "١٢٣", "é"]
)
def test_rouge_does_not_see_other_scripts(text: str) -> None:
    assert not seen_by_rouge(text)


def test_a_reference_that_rouge_cannot_see_is_refused_not_counted_as_wrong() -> None:
    rows = pd.DataFrame({"answer": ["Ash.", "东京是首都。"], "generation": ["Ash.", "东京是首都。"]})
    with pytest.raises(BadInput, match=r"questions\[1\]\.answer: got '东京是首都。', of which ROUGE-L sees nothing"):
        metrics.rouge_l(rows, "forget")
    check_references(["Ash."], "here")


def test_answers_too_unlikely_for_a_float_still_have_a_share() -> None:
    """exp(-1000) is 0 in double precision, and 0 / 0 no probability: each of three equally likely answers has a third."""
    rows = pd.DataFrame(
        {"nll_answer": [1000.0], "n_answer": [1], "nll_perturbed": [[1000.0, 1000.0]], "n_perturbed": [[1, 1]]}
    )
    assert metrics.probability(rows, "world")[0] == pytest.approx(1 / 3)


def test_world_knowledge_without_options_has_its_own_probability() -> None:
    """Its share among no others would be 1, whatever the model knows."""
    rows = pd.DataFrame({"nll_answer": [2.0], "n_answer": [2], "nll_perturbed": [[]], "n_perturbed": [[]]})
    assert metrics.probability(rows, "world")[0] == pytest.approx(np.exp(-1))


def test_an_example_that_rouge_cannot_read_has_no_rouge() -> None:
    rows = pd.DataFrame(
        {"set": "keep", "index": [0, 1], "question": "?", "answer": ["Ash.", "🦉"], "generation": ["Ash.", "🦉"]}
    )
    assert examples(rows)["rougeL"].to_list() == [1.0, pytest.approx(float("nan"), nan_ok=True)]
    told = [scores({"rougeL": value, "gate": gate}) for value, gate in ((1.0, 0.5), (float("nan"), 0.5), (1.0, None))]
    assert told == ["ROUGE-L 1.00 · gate 0.50", "gate 0.50", "ROUGE-L 1.00"]
