"""What intervals and differences promise, by simulation with fixed seeds: coverage of the truth, and false differences where
there is none. Thresholds are those of the project (0.93 and 0.08 at nominal 0.95 and 0.05)."""

import numpy as np
import pandas as pd
import pytest

from grunflow.evaluation import run_metrics
from grunflow.reporting import proportions
from grunflow.reporting.intervals import Sample, half_width, of_questions
from grunflow.reporting.samples import joined_reach
from grunflow.reporting.seeds import factors, larger, noises, said

QUESTIONS = 48


def answers(rng, p: float, trials: int, seeds: int, alike: float) -> np.ndarray:
    """Yes-or-no answers (trials, seeds, questions), right with probability p; a share `alike` of the questions is answered alike
    under every seed."""
    own = rng.uniform(size=(trials, seeds, QUESTIONS))
    same = rng.uniform(size=(trials, 1, QUESTIONS)) < alike
    return np.where(same, rng.uniform(size=(trials, 1, QUESTIONS)), own) < p


def holds(found, truth: float) -> bool:
    return found.lo <= truth <= found.hi


@pytest.mark.slow
@pytest.mark.parametrize(("seeds", "alike"), [(1, 0.0), (3, 0.0), (3, 0.5), (3, 1.0)])
@pytest.mark.parametrize("p", [0.02, 0.05, 0.5, 0.95, 0.98])
def test_accuracies_are_covered_near_the_bounds_too(p: float, seeds: int, alike: float) -> None:
    """Of 48 questions; the normal approximation covers 0.62 at 0.02 and 0.98."""
    scores = answers(np.random.default_rng(0), p, 800, seeds, alike).astype(float)
    assert np.mean([holds(of_questions(each).interval(), p) for each in scores]) >= 0.93


@pytest.mark.slow
@pytest.mark.parametrize("discordant", [0.01, 0.02, 0.05, 0.2])
def test_differences_of_paired_accuracies_are_covered(discordant: float) -> None:
    """Of an accuracy of 0.95, of whose answers a share is turned; without added pairs the coverage is 0.39 at 0.01."""
    rng = np.random.default_rng(1)
    first = answers(rng, 0.95, 800, 3, 1.0)
    turned = answers(rng, discordant, 800, 3, 1.0)
    pairs = zip(first.astype(float), (first ^ turned).astype(float), strict=True)
    truth = 0.95 * discordant - 0.05 * discordant
    assert np.mean([holds(of_questions(a).minus(of_questions(b)).interval(), truth) for a, b in pairs]) >= 0.93


def test_nothing_right_and_nothing_different_is_not_certain() -> None:
    # Clopper-Pearson of 0 of 48 is [0, 1 - 0.025^(1/48)] = [0, 0.074]; t(47) in place of z makes 48 questions 45.6.
    found = of_questions(np.zeros((1, 48))).interval()
    assert (found.lo, found.hi) == (0.0, pytest.approx(1 - 0.025 ** (1 / 45.56), abs=1e-4))
    # Bonett and Price: one pair more on either side of 96, t(95) sqrt(2 / 98 / 98).
    same = of_questions(np.ones((3, 96)))
    assert same.minus(same).interval() == pytest.approx((0.0, -0.02865, 0.02865), abs=1e-4)
    # A score that is no yes or no has the noise that it shows; a constant inside the bounds has none.
    assert of_questions(np.full((3, 96), 0.5)).interval() == (0.5, 0.5, 0.5)
    assert of_questions(np.full((3, 96), 1e-7)).interval().hi < 1e-6


def utility(rng, p: float, seeds: int, alike: float) -> tuple[dict, Sample]:
    """A run's scores with means of 0.7, 0.6, 0.65 but for one of nine, yes-or-no answers of mean p."""
    sets, names = ("a", "b", "c"), ("x", "y", "z")
    scores = {
        (name, metric): np.clip(mean + 0.1 * rng.normal(size=(1, QUESTIONS)) + 0.1 * rng.normal(size=(seeds, QUESTIONS)), 0, 1)
        for name, mean in zip(sets, (0.7, 0.6, 0.65), strict=True) for metric in names
    }  # fmt: skip
    scores["a", "x"] = answers(rng, p, 1, seeds, alike)[0].astype(float)
    per_seed = run_metrics.harmonic_mean(np.stack([score.mean(axis=1) for score in scores.values()]))
    reach = joined_reach(run_metrics.utility_means(sets, names), scores, (0.0, 1.0), float(per_seed.mean()))
    return scores, Sample(per_seed, run_metrics.utility_parts(scores, sets, names), reach=reach)


@pytest.mark.slow
@pytest.mark.parametrize(("seeds", "alike"), [(1, 0.0), (3, 0.5), (3, 1.0)])
@pytest.mark.parametrize("p", [0.02, 0.05])
def test_model_utility_is_covered_where_one_of_nine_is_small(p: float, seeds: int, alike: float) -> None:
    rng = np.random.default_rng(2)
    truth = 9 / (1 / p + 2 / 0.7 + 3 / 0.6 + 3 / 0.65)
    assert np.mean([holds(utility(rng, p, seeds, alike)[1].interval(), truth) for _ in range(300)]) >= 0.93


def test_model_utility_of_0_has_the_limit_of_the_mean_that_is_0() -> None:
    scores, sample = utility(np.random.default_rng(3), 0.0, 1, 0.0)
    above = 1 - 0.025 ** (1 / 45.56)
    rest = [score.mean() for name, score in scores.items() if name != ("a", "x")]
    found = sample.interval()
    assert (found.mean, found.lo) == (0.0, 0.0)
    assert found.hi == pytest.approx(9 / (1 / above + sum(1 / mean for mean in rest)), rel=1e-3)


def difference_of_ks(rng, share: float, seeds: int, questions: int, shift: float) -> Sample:
    """Two methods of one truth, whose log ratios lie `shift` from the retain model's; a share of the noise of a question is the
    same under every seed."""

    def ratios(mean: float) -> dict:
        noise = np.sqrt(share) * rng.normal(size=(1, questions)) + np.sqrt(1 - share) * rng.normal(
            size=(seeds, questions)
        )
        return {("forget", "raw_ratio"): np.exp(mean + noise)}

    retain, samples = ratios(0.0), []
    for scores in (ratios(shift), ratios(shift)):
        (part,) = run_metrics.ks_parts(scores, retain)
        samples.append(Sample(part.mean(axis=1), (part,)))
    return samples[0].minus(samples[1])


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [3, 5])
@pytest.mark.parametrize("share", [0.7, 0.9, 0.97])
@pytest.mark.parametrize("shift", [0.3, 1.5])
def test_noise_of_questions_that_seeds_share_makes_no_difference_of_ks(share: float, shift: float, seeds: int) -> None:
    """80 questions; of 5 seeds alone 25 to 65 % of these nulls were told as differences."""
    rng = np.random.default_rng(4)
    found = [difference_of_ks(rng, share, seeds, 80, shift).interval() for _ in range(500)]
    assert np.mean([not holds(each, 0.0) for each in found]) <= 0.08


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.7, 0.97])
def test_the_same_of_areas_under_curves(share: float) -> None:
    """Membership attacks: two methods of one truth, 5 seeds, 80 members and 40 others."""
    rng = np.random.default_rng(5)

    def area() -> Sample:
        members, others = (
            mean + np.sqrt(share) * rng.normal(size=(1, n)) + np.sqrt(1 - share) * rng.normal(size=(5, n))
            for mean, n in ((0.0, 80), (1.0, 40))
        )
        parts = run_metrics.auroc_parts(members, others)
        return Sample(parts[0].mean(axis=1), parts)

    found = [area().minus(area()).interval() for _ in range(500)]
    assert np.mean([not holds(each, 0.0) for each in found]) <= 0.08


def seeds_of(pairs: list[tuple[int | None, int]]) -> pd.DataFrame:
    return pd.DataFrame(pairs, columns=["target_seed", "unlearn_seed"])


def crossed(targets: int, unlearn: int) -> pd.DataFrame:
    return seeds_of([(t, u) for t in range(targets) for u in range(unlearn)])


@pytest.mark.slow
@pytest.mark.parametrize("size", [(2, 3), (3, 3), (4, 2)])
@pytest.mark.parametrize("noise", [(1.0, 0.0, 0.2), (0.0, 1.0, 0.2), (1.0, 1.0, 1.0), (0.0, 0.0, 1.0), (1.0, 0.3, 0.3)])
def test_crossed_seeds_cover_the_mean_over_both(size: tuple[int, int], noise: tuple[float, float, float]) -> None:
    """Targets x unlearn seeds; noise: standard deviations of target, unlearn seed and run. Questions vary too."""
    rng, trials = np.random.default_rng(6), 3000
    runs = crossed(*size)
    of_target, of_unlearn, of_run = noise
    figures = of_target * rng.normal(size=(trials, size[0]))[:, runs["target_seed"]]
    figures = figures + of_unlearn * rng.normal(size=(trials, size[1]))[:, runs["unlearn_seed"]]
    figures = figures + of_run * rng.normal(size=(trials, len(runs)))
    scores = figures[..., None] + rng.normal(size=(trials, 1, QUESTIONS))
    half = half_width(scores.mean(axis=2), scores, factors=factors(runs))
    assert (np.abs(scores.mean(axis=(1, 2))) <= half).mean() >= 0.93


@pytest.mark.slow
def test_one_target_model_is_covered_as_that_model() -> None:
    """1 x 3: of the statement about this target, not of the mean over targets; captions say so."""
    rng, trials = np.random.default_rng(7), 3000
    target = rng.normal(size=(trials, 1, 1))
    scores = target + 0.3 * rng.normal(size=(trials, 3, 1)) + rng.normal(size=(trials, 1, QUESTIONS))
    half = half_width(scores.mean(axis=2), scores, factors=factors(crossed(1, 3)))
    centre = scores.mean(axis=(1, 2))
    assert (np.abs(centre - target[:, 0, 0]) <= half).mean() >= 0.93
    assert (np.abs(centre) <= half).mean() < 0.8


def test_groups_of_seeds_follow_from_how_they_are_laid_out() -> None:
    assert factors(seeds_of([(0, 0), (1, 1), (2, 2)])) == ()
    assert factors(crossed(1, 3)) == factors(seeds_of([(None, 0), (None, 1)])) == ()
    assert factors(seeds_of([(0, 0), (1, 0), (2, 0)])) == ()
    assert factors(seeds_of([(0, 0), (0, 1), (1, 2), (1, 3)])) == ((0, 0, 1, 1),)
    assert factors(crossed(2, 2)) == ((0, 0, 1, 1), (0, 1, 0, 1))
    # Clusters of equal size: Student's interval of their means, here 0 and 1: t(1) sqrt(1/2 / 2).
    half = half_width(np.array([0.0, 0.0, 1.0, 1.0]), factors=((0, 0, 1, 1),))
    assert half == pytest.approx(12.7062 * 0.5, rel=1e-4)


def test_captions_say_over_which_models() -> None:
    assert said(crossed(1, 3)).startswith("Over 3 unlearn seeds, given one target model")
    assert said(crossed(2, 3)) == "Over 2 target models and 3 unlearn seeds."
    assert said(seeds_of([(None, 0), (None, 1)])) == "Over 2 unlearn seeds, given the one model that all start from."
    assert said(crossed(1, 1)).startswith("One seed: intervals are of the questions only")


def test_the_larger_noise_is_named_where_it_can_be_told() -> None:
    targets = np.array([0, 0, 1, 1])
    assert larger(np.array([0.1, 0.1, 0.9, 0.8]), targets) == "target"
    assert larger(np.array([0.1, 0.9, 0.2, 0.8]), targets) == "unlearn"
    assert larger(np.array([0.1, 0.9]), np.array([0, 1])) == ""
    # Within: (0.005 + 0) / 2 degrees of freedom; between: var(0.1, 0.85) - within / 2.
    assert noises(np.array([0.1, 0.1, 0.9, 0.8]), targets) == pytest.approx((0.28125 - 0.00125, 0.0025))


def test_ks_is_the_mean_of_its_parts_and_auroc_of_each_of_its_two() -> None:
    rng = np.random.default_rng(8)
    mine, theirs = np.exp(rng.normal(size=(3, 30))), np.exp(0.5 + rng.normal(size=(3, 30)))
    from scipy.stats import ks_2samp

    (part,) = run_metrics.ks_parts({("forget", "raw_ratio"): mine}, {("forget", "raw_ratio"): theirs})
    assert part.mean(axis=1) == pytest.approx([ks_2samp(a, b).statistic for a, b in zip(mine, theirs, strict=True)])
    members, others = run_metrics.auroc_parts(mine, theirs[:, :20])
    areas = [run_metrics.auroc(a, b) for a, b in zip(mine, theirs[:, :20], strict=True)]
    assert members.mean(axis=1) == pytest.approx(areas)
    assert others.mean(axis=1) == pytest.approx(areas)


def test_privleak_varies_as_its_parts_say() -> None:
    """Each part's mean is both areas times their slopes, which are those of PrivLeak itself (differences of 1e-6)."""
    rng = np.random.default_rng(9)
    scores, known = (
        {("forget", "min_k"): rng.normal(shift, 1, (1, 60)), ("holdout", "min_k"): rng.normal(0.5, 1, (1, 40))}
        for shift in (0.0, 0.4)
    )
    own, reference = (
        run_metrics.auroc(each["forget", "min_k"][0], each["holdout", "min_k"][0]) for each in (scores, known)
    )
    leak, step = run_metrics.privleak_of(own, reference), 1e-6
    slopes = [
        (run_metrics.privleak_of(own + step, reference) - leak) / step,
        (run_metrics.privleak_of(own, reference + step) - leak) / step,
    ]
    for part in run_metrics.privleak_parts(scores, known):
        assert part.mean() == pytest.approx(slopes[0] * own + slopes[1] * reference, rel=1e-4)


def test_limits_grow_with_the_level() -> None:
    scores = np.repeat([[0.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0]], 2, axis=0)
    wide, narrow = (of_questions(scores).interval(level) for level in (0.99, 0.9))
    assert wide.lo < narrow.lo < narrow.hi < wide.hi
    assert proportions.is_paired_choice(np.array([[-1.0, 0.0, 1.0]]), 1.0)
    assert not proportions.is_paired_choice(np.array([[-0.5, 0.0, 1.0]]), 1.0)
