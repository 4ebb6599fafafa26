"""Primary claims tested together: the bound on p-values, and what it makes of false claims."""

import numpy as np
import pytest
from scipy.stats import t as student

from grunflow.reporting.holm import LEVEL, p_bounds, rejected
from grunflow.reporting.seeds import replicates


def half_width(level: float, seeds: int, asked: int, of_seeds: float, of_questions: float) -> float:
    """intervals.py: two variance components, each with its own t quantile."""
    parts = ((seeds, of_seeds), (asked, of_questions))
    return float(np.sqrt(sum(student.isf(level / 2, count - 1) ** 2 * part for count, part in parts)))


@pytest.mark.parametrize("level", [0.04, 0.025, 0.01, 0.05 / 12])
@pytest.mark.parametrize("seeds", [2, 3, 5, 10])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.9, 1.0])
def test_what_is_rejected_is_so_by_the_interval_at_that_level(level: float, seeds: int, share: float) -> None:
    """Wherever the interval at 1 - level holds the threshold, the bound is above the level."""
    wide, wider = (half_width(alpha, seeds, 80, share, 1 - share) for alpha in (LEVEL, level))
    above, below = p_bounds(0.0, -wide, wide, -wider * (1 - 1e-6), seeds)
    assert above >= level
    assert below == 1
    if share == 1:  # seeds alone, few of them: the bound is the p-value
        tight, _ = p_bounds(0.0, -wide, wide, -wider * (1 + 1e-6), seeds)
        assert tight <= level * (1 + 1e-3) or seeds > 5


@pytest.mark.parametrize("asked", [12, 48, 400])
def test_it_bounds_exact_limits_of_none_right(asked: int) -> None:
    """Clopper and Pearson's upper limit of 0 of n is 1 - (level / 2)^(1 / n)."""
    limits = {level: 1 - (level / 2) ** (1 / asked) for level in (LEVEL, 0.01)}
    _, below = p_bounds(0.0, 0.0, limits[LEVEL], limits[0.01] * (1 - 1e-6), 30)
    assert below >= 0.01


def test_a_saving_is_read_on_the_log() -> None:
    """0.5 times e to the power +-0.1 and, at the level sought, +-0.1 t(1 - 0.01 / 2, 2) / t(0.975, 2)."""
    wider = 0.1 * student.isf(0.005, 2) / student.isf(0.025, 2)
    above, _ = p_bounds(0.5, 1 - 0.5 * np.exp(0.1), 1 - 0.5 * np.exp(-0.1), 1 - 0.5 * np.exp(wider), 3)
    assert above == pytest.approx(0.01, rel=1e-6)


def test_a_count_is_exact_and_an_interval_that_holds_the_threshold_says_nothing() -> None:
    assert p_bounds(0.3, 0.3, 0.3, 0.2, 1) == (0.0, 1.0)
    assert p_bounds(0.3, 0.3, 0.3, 0.3, 1) == (1.0, 1.0)
    assert p_bounds(0.3, 0.1, 0.5, 0.2, 3) == (1.0, 1.0)
    assert p_bounds(-0.3, -0.5, -0.1, 0.0, 3)[0] == 1.0


def test_holm() -> None:
    """Four p-values held against 0.05 / 4, / 3, / 2 and 0.05 (Holm 1979): it stops at the first that is above."""
    found = rejected([0.04, 0.001, 0.03, 0.016])
    assert [holds for holds, _ in found] == [False, True, False, True]
    assert [level for _, level in found] == pytest.approx([0.05, 0.0125, 0.025, 0.05 / 3])
    assert rejected([]) == []
    assert [holds for holds, _ in rejected([0.02, 0.02])] == [True, True]


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_of_six_false_claims_one_is_found_true_in_at_most_one_study_of_twenty(share: float) -> None:
    """Six differences that are 0, three seeds, 40 questions; by 95 % alone it would be up to one study of four."""
    rng = np.random.default_rng(0)
    studies, claims, seeds, asked = 2000, 6, 3, 40
    noise = np.sqrt(share) * rng.normal(size=(studies, claims, seeds, 1)) + np.sqrt((1 - share) * asked) * rng.normal(
        size=(studies, claims, 1, asked)
    )
    per_seed, per_question = noise.mean(axis=3), noise.mean(axis=2)
    squares = [student.isf(0.025, part.shape[-1] - 1) ** 2 * part.var(axis=-1, ddof=1) / part.shape[-1]
               for part in (per_seed, per_question)]  # fmt: skip
    mean, wide = per_seed.mean(axis=-1), np.sqrt(squares[0] + squares[1])
    found = [
        any(
            holds
            for holds, _ in rejected(min(p_bounds(m, m - w, m + w, 0.0, seeds)) for m, w in zip(*study, strict=True))
        )
        for study in zip(mean.tolist(), wide.tolist(), strict=True)
        if any(abs(m) > w for m, w in zip(*study, strict=True))
    ]
    assert sum(found) / studies <= 0.055


def test_a_difference_that_never_varied_on_one_side_is_no_division_by_nothing() -> None:
    assert p_bounds(0.2, 0.2, 0.3, 0.1, 3) == (0.0, 1.0)
    assert p_bounds(0.2, 0.1, 0.2, 0.3, 3) == (1.0, 0.0)
    assert p_bounds(0.2, 0.2, 0.3, 0.25, 3) == (1.0, 1.0)


def test_replicates_are_the_fewest_groups_that_an_interval_counts() -> None:
    assert replicates(3, ()) == 3
    assert replicates(6, ((0, 0, 0, 1, 1, 1),)) == 2
    assert replicates(6, ((0, 0, 0, 1, 1, 1), (0, 1, 2, 0, 1, 2))) == 2
