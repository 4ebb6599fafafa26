"""Runs under conditions, attacked, and asked in turn: differences between carriers, which claims rest on."""

import numpy as np
import pandas as pd
import pytest
from tests.reporting import made_up
from tests.reporting.made_further import ASKED, RELEARNT, further

from grunflow.reporting.results import Results
from grunflow.reporting.tables.relearning import relearning_table
from grunflow.reporting.tables.robustness import robustness_table
from grunflow.reporting.tables.sequential import sequential_table


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    frames = further(made_up.questions(objectives=("gd",)))
    (found,) = made_up.Study(tmp_path_factory.mktemp("study"), [(made_up.TOFU, frames)]).results
    return found


def apart(table: pd.DataFrame, figure: str, one: pd.Series, other: pd.Series) -> None:
    """The difference of two rows stands in both, once negated, with an interval around it."""
    name, turned = f"{figure}_minus_{other.carrier}", f"{figure}_minus_{one.carrier}"
    assert one[name] == pytest.approx(one[figure] - other[figure])
    assert one[f"{name}_lo"] < one[name] < one[f"{name}_hi"]
    assert [other[f"{turned}{end}"] for end in ("", "_lo", "_hi")] == pytest.approx(
        [-one[f"{name}{end}"] for end in ("", "_hi", "_lo")]
    )
    assert np.isnan(one[f"{figure}_minus_{one.carrier}"])


def test_leaks_are_compared_between_carriers_under_each_condition(results: Results) -> None:
    """Full's forget scores rise by 0.2 more than GRUN's (made_further.ASKED), which start alike."""
    table = robustness_table(results).tidy
    rows = table.set_index(["objective", "carrier", "condition"], drop=False)
    for name in ("paraphrased", "nf4"):
        grun, full = (rows.loc["gd", carrier, name] for carrier in ("grun", "full"))
        apart(table, "leak", grun, full)
        assert grun.leak_minus_full == pytest.approx(ASKED["grun"] - ASKED["full"], abs=0.02)
    plain = rows.loc["gd", "grun", "plain"]
    assert plain.leak_minus_full_lo < 0 < plain.leak_minus_full_hi
    target = rows.loc["target", "", "paraphrased"]
    assert np.isnan(target.leak_minus_full)


def test_what_is_relearnt_is_compared_between_carriers_after_the_last_step(results: Results) -> None:
    table = relearning_table(results).tidy
    rows = table.set_index(["objective", "carrier", "attack"], drop=False)
    grun, lora = (rows.loc["gd", carrier, "relearn"] for carrier in ("grun", "lora"))
    apart(table, "relearnt", grun, lora)
    assert grun.relearnt_minus_lora == pytest.approx(RELEARNT["grun"] - RELEARNT["lora"], abs=0.02)
    assert np.isnan(rows.loc["retain", "", "relearn"].relearnt_minus_lora)


def test_after_requests_carriers_are_compared_in_one_sequence_or_in_the_first_that_the_other_took(
    results: Results,
) -> None:
    table = sequential_table(results).tidy
    rows = table.set_index(["objective", "carrier", "sequence", "step", "request"], drop=False).sort_index()
    turn, full = (rows.loc["gd", carrier, "in_turn", 2, 0] for carrier in ("grun", "full"))
    apart(table, "model_utility", turn, full)
    apart(table, "forget_probability", turn, full)
    added = rows.loc["gd", "grun", "added", 2, 0]
    assert added.model_utility_minus_full == turn.model_utility_minus_full  # made up alike; full took no such sequence
    assert np.isnan(turn.model_utility_minus_grun)
    left = {(row.step, row.requests_left) for row in rows.itertuples()}
    assert left == {(1, 1), (2, 0)}
