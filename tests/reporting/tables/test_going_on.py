"""Runs under conditions, attacked, and asked in turn: differences between carriers, which claims rest on."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.reporting import made_up
from tests.reporting.made_further import ASKED, RELEARNT, further

from grunflow.config.claims import read_claims
from grunflow.reporting.claim_conditions import Study
from grunflow.reporting.claims import verdicts
from grunflow.reporting.forms import Table
from grunflow.reporting.recovery import Recovery
from grunflow.reporting.samples import Method
from grunflow.reporting.tables.relearning import relearning_table, row_of
from grunflow.reporting.tables.robustness import robustness_table
from grunflow.reporting.tables.sequential import sequential_table


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Table]:
    frames = further(made_up.questions(objectives=("gd",)))
    results = made_up.Study(tmp_path_factory.mktemp("study"), [(made_up.TOFU, frames)]).results
    makers = {"robustness": robustness_table, "relearning": relearning_table, "sequential": sequential_table}
    return {name: make(*results) for name, make in makers.items()}


@pytest.fixture(scope="module")
def tables(made: dict[str, Table]) -> dict[str, pd.DataFrame]:
    return {name: table.tidy for name, table in made.items()}


def apart(figure: str, one: pd.Series, other: pd.Series) -> None:
    """The difference of two rows stands in both, once negated, with an interval around it."""
    name, turned = f"{figure}_minus_{other.carrier}", f"{figure}_minus_{one.carrier}"
    assert one[name] == pytest.approx(one[figure] - other[figure])
    assert one[f"{name}_lo"] < one[name] < one[f"{name}_hi"]
    assert [other[f"{turned}{end}"] for end in ("", "_lo", "_hi")] == pytest.approx(
        [-one[f"{name}{end}"] for end in ("", "_hi", "_lo")]
    )
    assert np.isnan(one[f"{figure}_minus_{one.carrier}"])


def test_leaks_are_compared_between_carriers_under_each_condition(tables: dict[str, pd.DataFrame]) -> None:
    """Full's forget scores rise by 0.2 more than GRUN's (made_further.ASKED), which start alike."""
    rows = tables["robustness"].set_index(["objective", "carrier", "condition"], drop=False)
    for name in ("paraphrased", "nf4"):
        grun, full = (rows.loc["gd", carrier, name] for carrier in ("grun", "full"))
        apart("leak", grun, full)
        apart("leak_change", grun, full)
        assert grun.leak_minus_full == pytest.approx(ASKED["grun"] - ASKED["full"], abs=0.02)
    plain = rows.loc["gd", "grun", "plain"]
    assert plain.leak_minus_full_lo < 0 < plain.leak_minus_full_hi
    target = rows.loc["target", "", "paraphrased"]
    assert np.isnan(target.leak_minus_full)


def test_what_is_relearnt_is_compared_between_carriers_after_the_last_step(tables: dict[str, pd.DataFrame]) -> None:
    rows = tables["relearning"].set_index(["objective", "carrier", "attack"], drop=False)
    grun, lora = (rows.loc["gd", carrier, "relearn"] for carrier in ("grun", "lora"))
    apart("relearnt", grun, lora)
    apart("gain", grun, lora)
    assert grun.relearnt_minus_lora == pytest.approx(RELEARNT["grun"] - RELEARNT["lora"], abs=0.02)
    assert np.isnan(rows.loc["retain", "", "relearn"].relearnt_minus_lora)


def test_after_requests_carriers_are_compared_in_one_sequence_or_in_the_first_that_the_other_took(
    tables: dict[str, pd.DataFrame],
) -> None:
    rows = (
        tables["sequential"].set_index(["objective", "carrier", "sequence", "step", "request"], drop=False).sort_index()
    )
    turn, full = (rows.loc["gd", carrier, "in_turn", 2, 0] for carrier in ("grun", "full"))
    apart("model_utility", turn, full)
    apart("forget_probability", turn, full)
    added = rows.loc["gd", "grun", "added", 2, 0]
    assert added.model_utility_minus_full == turn.model_utility_minus_full  # made up alike; full took no such sequence
    assert np.isnan(turn.model_utility_minus_grun)
    left = {(row.step, row.requests_left) for row in rows.itertuples()}
    assert left == {(1, 1), (2, 0)}


def test_the_shipped_claims_of_what_lasts_are_decided(tables: dict[str, pd.DataFrame]) -> None:
    """Of the made-up carriers GRUN keeps most; asked otherwise it shows .1 more, and it relearns .1 more than the retain model; with .2
    less of both the claims hold."""
    sheet = [
        item for item in read_claims("config/claims.yaml") if {part.table for part in item.conditions} <= set(tables)
    ]

    def own(changed: dict[str, pd.DataFrame]) -> list[dict]:
        return [row for row in verdicts(sheet, Study("demo", changed)) if row["about"] == "demo"]

    found = own(tables)
    assert Counter((row["claim"], row["verdict"]) for row in found) == {
        ("sequential", "supported"): 4, ("holds_paraphrased", "contradicted"): 1, ("holds_quantised", "contradicted"): 1,
        ("holds_attacked", "contradicted"): 1,
    }  # fmt: skip
    one = next(row for row in found if row["id"] == "demo/sequential/tiny/gd/lora/added")
    assert one["effect"] == pytest.approx(made_up.KEPT["grun"] - made_up.KEPT["lora"], abs=0.03)
    assert [part["column"] for part in one["conditions"]] == [
        "model_utility_minus_lora", "forget_rougeL_minus_lora", "forget_probability_minus_lora",
    ]  # fmt: skip
    less = {
        name: tables[name].assign(
            **{f"{figure}{end}": tables[name][f"{figure}{end}"] - 0.2 for end in ("", "_lo", "_hi")}
        )
        for name, figure in (("robustness", "leak_change"), ("relearning", "beyond_retain"))
    }
    assert {row["claim"]: row["verdict"] for row in own(less)} == dict.fromkeys(
        ("holds_paraphrased", "holds_quantised", "holds_attacked"), "supported"
    )


def recovery(
    before: list[float] | None, first: list[float], *later: list[float], objective: str = "gd", **more: np.ndarray
) -> dict:
    """A row of relearning: scores of each seed, the same of every question, at 0, 2 and 4 steps."""
    method = Method("tiny", "", objective, "full", "full", "", "relearn", "0")
    scores = np.stack([np.repeat(np.array(part)[:, None], 6, axis=1) for part in (first, *later)])
    start = None if before is None else np.repeat(np.array(before)[:, None], 6, axis=1)
    seeds = (tuple(range(len(first))),) * 2
    own = Recovery(method, pd.DataFrame(), (0, 2, 4)[: len(scores)], scores, scores[0], start, None, None, seeds)
    return row_of(replace(own, **more))


def test_half_is_back_on_the_line_between_two_askings_of_the_seeds_that_lost_something() -> None:
    """Of .8 lost .32 (two fifths) are back at 2 steps and .48 (three fifths) at 4: half at 3."""
    row = recovery([0.9, 0.9, 0.9], [0.1, 0.1, 0.1], [0.42, 0.42, 0.42], [0.58, 0.58, 0.58])
    assert (row["steps_to_half"], row["recovered"]) == (pytest.approx(3), pytest.approx(0.6))
    assert (row["reached"], row["followed"], row["seeds"]) == (3, 3, 3)


def test_what_an_attacker_takes_away_before_the_first_step_is_a_part_of_the_gain() -> None:
    """An edit that is removed gives back .5 of .8 at once, and the training the rest; it was no gain of the training's alone."""
    run = np.full((3, 6), 0.1)
    row = recovery([0.9] * 3, [0.6] * 3, [0.9] * 3, unlearnt=run)
    assert (row["unlearnt"], row["relearnt"], row["gain"]) == pytest.approx((0.1, 0.9, 0.8))
    assert (row["lost"], row["recovered"], row["steps_to_half"]) == pytest.approx((0.8, 1.0, 0.0))


def test_where_nothing_was_lost_there_is_no_half_of_it(made: dict[str, Table]) -> None:
    row = recovery(None, [0.1, 0.1], [0.4, 0.4], objective="retain")
    assert (row["reached"], row["followed"]) == (0, 0)
    assert np.isnan(row["recovered"])
    assert made["relearning"].shown.set_index("Objective")["Steps to half"]["retain"] == ""
