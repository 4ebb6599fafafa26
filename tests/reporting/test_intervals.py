"""Intervals: coverage by simulation, and numbers worked out by hand."""

import numpy as np
import pytest

from grunflow.reporting.best import clear_best
from grunflow.reporting.intervals import Sample, half_width, median_and_range, of_questions

QUESTIONS, TRIALS = 40, 4000
# Standard deviation of seeds over that which makes both parts of the mean's variance equal.
SEED_NOISE = {"none": 0.0, "equal": 1.0, "dominant": 10.0}


@pytest.mark.parametrize("seeds", [2, 3, 5])
@pytest.mark.parametrize("seed_noise", SEED_NOISE)
@pytest.mark.parametrize("shared", [0.0, 0.5])
def test_intervals_cover_the_truth(seeds: int, seed_noise: str, shared: float) -> None:
    """Nominal 0.95; at least 0.92 whether seeds vary not at all, as much as questions, or far more.

    `shared`: standard deviation of what a question adds under one seed only, over that of questions.
    """
    rng = np.random.default_rng(0)
    of_question = rng.normal(size=(TRIALS, 1, QUESTIONS))
    of_seed = SEED_NOISE[seed_noise] * np.sqrt(seeds / QUESTIONS) * rng.normal(size=(TRIALS, seeds, 1))
    scores = of_seed + of_question + shared * rng.normal(size=(TRIALS, seeds, QUESTIONS))
    half = half_width(scores.mean(axis=2), scores)
    assert (np.abs(scores.mean(axis=(1, 2))) <= half).mean() >= 0.92


def test_seeds_of_the_size_of_questions_are_covered_too() -> None:
    """Equal variances of a seed and of a question: the cell in which Satterthwaite's approximation gave 0.87."""
    rng = np.random.default_rng(1)
    scores = rng.normal(size=(TRIALS, 2, 1)) + rng.normal(size=(TRIALS, 1, QUESTIONS))
    half = half_width(scores.mean(axis=2), scores)
    assert (np.abs(scores.mean(axis=(1, 2))) <= half).mean() >= 0.92


def test_seeds_alone_give_students_interval_and_one_seed_none() -> None:
    # t(0.975, 1) = 12.706, standard error 0.1: beyond the bounds, so clipped.
    assert Sample(np.array([0.4, 0.6])).interval() == (0.5, 0.0, 1.0)
    mean, lo, hi = Sample(np.array([0.4])).interval()
    assert (mean, np.isnan(lo), np.isnan(hi)) == (0.4, True, True)


def test_one_seed_has_the_noise_of_its_questions() -> None:
    # t(0.975, 3) = 3.18245, standard deviation 0.1, four questions.
    found = Sample(np.array([0.9]), (np.array([[0.4, 0.4, 0.6, 0.6]]),), (-1.0, 2.0)).interval()
    assert found.hi - found.mean == pytest.approx(3.18245 * np.sqrt(0.04 / 3) / 2, rel=1e-5)


def test_a_paired_difference_is_free_of_what_both_share() -> None:
    hard = np.array([[0.1, 0.5, 0.9, 0.3]])
    better = of_questions(np.repeat(hard + 0.05, 3, axis=0))
    assert better.minus(of_questions(np.repeat(hard, 3, axis=0))).interval() == pytest.approx((0.05, 0.05, 0.05))
    assert better.interval().hi - better.interval().lo > 0.5


def test_best_is_said_only_where_paired_differences_say_so() -> None:
    rng = np.random.default_rng(2)
    easy = rng.normal(0.5, 0.2, (1, 50))
    clear = {
        name: of_questions(easy + shift + rng.normal(0, 0.01, (3, 50))) for name, shift in (("a", 0.1), ("b", 0.0))
    }
    assert clear_best(clear, lower_is_better=False) == "a"
    assert clear_best(clear, lower_is_better=True) == "b"
    noisy = {name: of_questions(easy + rng.normal(0, 0.3, (3, 50))) for name in "ab"}
    assert clear_best(noisy, lower_is_better=False) is None
    assert clear_best({"a": clear["a"]}, lower_is_better=False) is None


def test_p_values_have_the_median_of_their_logarithms_and_their_range() -> None:
    assert median_and_range(np.array([1e-3, 1e-9, 1e-5])) == pytest.approx((1e-5, 1e-9, 1e-3))
    assert median_and_range(np.array([1e-2, 1e-4])).mean == pytest.approx(1e-3)
    assert median_and_range(np.array([0.0, 0.0, 1e-5])).mean == 0
