"""Claims on differences between carriers: which row is meant, which way round, over which seeds."""

import pandas as pd
import pytest
from tests.reporting.judged import claim, verdicts

from grunflow.config.claims import Claim, Condition


def differences(*pairs: tuple[str, str, str, str], gain: float = 0.2) -> dict[str, pd.DataFrame]:
    """A table of differences: carrier, its kind, against, its kind."""
    return {
        "t": pd.DataFrame(
            {"model": "tiny", "objective": "gd", "carrier": carrier, "carrier_kind": kind, "against": against,
             "against_kind": other, "seeds": 3, "gain": gain, "gain_lo": gain - 0.1, "gain_hi": gain + 0.2}
            for carrier, kind, against, other in pairs
        )
    }  # fmt: skip


PAIRED = {"table": "t", "column": "gain", "where": {"carrier": "grun", "against": "{against}"}, "above": 0}


def paired() -> Claim:
    return claim(models=["tiny"], statement="more than {against}", each={"against": ["full"]}, conditions=[PAIRED])


def test_a_pair_that_stands_the_other_way_round_is_the_negated_one() -> None:
    (row,) = verdicts([paired()], differences(("full", "full", "grun", "grun"), gain=-0.3), "demo")
    assert (row["verdict"], row["effect"]) == ("supported", 0.3)
    assert (row["lo"], row["hi"]) == pytest.approx((0.1, 0.4))


def test_a_carrier_may_be_meant_by_its_kind() -> None:
    (row,) = verdicts([paired()], differences(("gated", "grun", "whole", "full")), "demo")
    assert (row["id"], row["verdict"]) == ("keeps/tiny/full", "supported")
    assert row["statement"] == "more than whole"


def test_several_carriers_of_a_kind_are_judged_each_and_named() -> None:
    pairs = [("linear", "grun", "full", "full"), ("mlp", "grun", "full", "full"), ("mlp", "grun", "linear", "grun")]
    rows = verdicts([paired()], differences(*pairs), "demo")
    assert [row["id"] for row in rows] == ["keeps/tiny/full/linear", "keeps/tiny/full/mlp"]
    assert [row["statement"] for row in rows] == ["more than full (linear)", "more than full (mlp)"]
    assert {row["verdict"] for row in rows} == {"supported"}


def test_a_kind_in_the_name_of_a_column_stands_for_the_studys_name_too() -> None:
    one = claim(models=["tiny"], statement="{against}", each={"against": ["full"]}, conditions=[
        {"table": "t", "column": "gain_minus_{against}", "where": {"carrier": "grun"}, "above": 0}])  # fmt: skip
    rows = pd.DataFrame({"model": "tiny", "carrier": ["whole", "gated"], "carrier_kind": ["full", "grun"], "seeds": 3,
                         "gain_minus_whole": [float("nan"), 0.2]})  # fmt: skip
    (row,) = verdicts([one], {"t": rows}, "demo")
    assert (row["verdict"], row["effect"]) == ("supported", 0.2)


def test_what_a_row_says_of_another_of_its_differences_is_no_reason() -> None:
    told = "first crossing; the best snapshots see no difference: x_minus_lora +0.10 [-0.10, +0.30]"
    row = {"model": "tiny", "seeds": 3, "told": told} | {
        f"x_minus_{other}{end}": value for other in ("full", "lora") for end, value in (("", 0.2), ("_lo", 0.1), ("_hi", 0.3))
    }  # fmt: skip
    for other, expected in (("full", "first crossing"), ("lora", told)):
        one = claim(
            models=["tiny"],
            each={},
            statement="s",
            conditions=[{"table": "t", "column": f"x_minus_{other}", "above": 0}],
        )
        (found,) = verdicts([one], {"t": pd.DataFrame([row])}, "demo")
        assert (found["verdict"], found["reason"]) == ("supported", expected)


def test_a_difference_to_another_carrier_is_over_the_seeds_that_both_have() -> None:
    """Of three seeds one is the other's too: the interval is of questions alone, whatever the row's own seeds say."""
    each = Condition.model_validate(
        {"table": "t", "column": "leak_minus_lora", "where": {"carrier": "grun"}, "below": 0.05}
    )
    row = {"model": "tiny", "carrier": "grun", "seeds": 3, "interval": "questions and seeds", "replicates": 3,
           "leak_minus_lora": -0.2, "leak_minus_lora_lo": -0.3, "leak_minus_lora_hi": -0.1}  # fmt: skip
    for shared, verdict, n in ((3, "supported", 3), (2, "supported", 2), (1, "not testable here", 1)):
        told = row | {"seeds_minus_lora": shared, "replicates_minus_lora": shared}
        (found,) = [
            item
            for item in verdicts(
                [claim(each={}, statement="it keeps", conditions=[each])], {"t": pd.DataFrame([told])}, "own"
            )
            if item["about"] == "own"
        ]
        assert (found["verdict"], found["n"]) == (verdict, n)
