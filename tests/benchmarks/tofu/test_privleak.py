"""PrivLeak beside the attacks: enumerated by hand, against the study's retain model, blank where there is nothing to hold it against."""

import numpy as np
import pandas as pd
import pytest

from grunflow.benchmarks.base import RETAIN, RunScores
from grunflow.benchmarks.tofu.declaration import declare
from grunflow.benchmarks.tofu.keys import Keys
from grunflow.evaluation.aggregate import summary
from grunflow.evaluation.run_metrics import ATTACKS, privleak_of
from grunflow.reporting.columns import columns

METRICS = declare(Keys()).metrics
LEAK = next(metric for metric in METRICS if metric.name == "privleak")


def asked(forget: list[float], holdout: list[float], **references: RunScores) -> RunScores:
    """Min-K% scores of two sets; a larger one is less likely a member. The other attacks see nothing."""
    table = pd.DataFrame({"set": ["forget"] * len(forget) + ["holdout"] * len(holdout), "min_k": forget + holdout})
    blind = dict.fromkeys([*ATTACKS, "exact_memorisation", "extraction_strength"], 0.0)
    frame = table.assign(**{name: value for name, value in blind.items() if name != "min_k"})
    return RunScores(frame.assign(index=range(len(frame))), {"membership": frame}, references)


def test_it_is_muses_formula_pair_by_pair() -> None:
    # The retain model: of 2 x 2 pairs the unseen text scores higher in 2: A_ref = 1 - 1/2.
    retain = asked([3.0, 1.0], [2.0, 2.0])
    # The run: of 3 x 2 pairs higher in (2, 1), (4, 1), (4, 2), (4, 3), equal in (2, 2): A = 1 - 4.5 / 6.
    run = asked([1.0, 2.0, 3.0], [2.0, 4.0], **{RETAIN: retain})
    assert LEAK.of(run) == pytest.approx(100 * (0.25 - 0.5) / 0.5)
    assert LEAK.of(asked([3.0, 1.0], [2.0, 2.0], **{RETAIN: retain})) == 0
    assert LEAK.of(asked([1.0], [2.0], **{RETAIN: retain})) == -100
    assert LEAK.of(asked([2.0], [1.0], **{RETAIN: retain})) == 100  # over-unlearned
    assert np.isnan(LEAK.of(asked([2.0], [1.0], **{RETAIN: asked([1.0], [2.0])})))


def test_the_other_way_round_is_the_same_number() -> None:
    """open-unlearning's words of it: AUCs of the attack, turned round before they are compared."""
    assert privleak_of(0.3, 0.62) == pytest.approx(100 * (0.7 - 0.38) / 0.38)


def test_it_is_blank_without_a_retain_model_or_a_holdout() -> None:
    run = asked([1.0, 2.0], [2.0, 4.0])
    assert "mia_min_k" in summary(METRICS, run)
    assert "privleak" not in summary(METRICS, run)
    without = asked([1.0, 2.0], [])
    assert (
        not {"privleak", "mia_min_k"}
        & summary(METRICS, RunScores(run.questions, without.frames, {RETAIN: without})).keys()
    )
    assert "privleak" in summary(METRICS, RunScores(run.questions, run.frames, {RETAIN: run}))


def test_the_table_has_its_column_and_the_readers_has_not() -> None:
    """It says how far a run is from the retain model, in either direction: no arrow, no bold."""
    (column,) = columns(declare(Keys()), ["privleak"])
    assert (column.heading, column.shown, column.compared, column.directed) == ("PrivLeak", False, False, False)
