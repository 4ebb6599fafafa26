"""Claims that are tested together (Holm), and what counts as a replicate."""

from typing import Any

import pandas as pd
from tests.reporting.judged import BETTER, NAN, claim, table, verdicts


def family(*gains: tuple[float, float, float], **changes: Any) -> list[dict]:
    """Verdicts of one primary claim on as many objectives as there are gains."""
    objectives = [f"o{place}" for place in range(len(gains))]
    rows = pd.concat(
        table(gain, (0, 0, 0))["t"].assign(objective=name) for name, gain in zip(objectives, gains, strict=True)
    )
    keys = {
        "models": ["tiny"],
        "each": {"objective": objectives},
        "conditions": [BETTER],
        "primary": True,
        "family": "f",
    }
    return verdicts([claim(**{**keys, **changes})], {"t": rows}, "demo")


def test_primary_claims_of_a_family_are_tested_together() -> None:
    """With three seeds t(0.975, 2) = 4.303 and t(1 - 0.05 / 4, 2) = 6.205: one of two needs a distance 1.442 half-widths."""
    alone = family((0.2, 0.1, 0.3))
    assert (alone[0]["verdict"], alone[0]["judged"]) == ("supported", "primary: one of 1 of family f, Holm at 0.05")
    near, far = (0.14, 0.04, 0.24), (0.145, 0.045, 0.245)
    assert [row["verdict"] for row in family(near, near)] == ["inconclusive"] * 2
    assert family(near, near)[0]["reason"].startswith(
        "supported at 95 % by itself, not together with the others (p at most 0.0"
    )
    assert [row["verdict"] for row in family(near, far)] == ["supported"] * 2  # the second is held against 0.05


def test_groups_of_seeds_are_the_replicates_where_a_table_counts_them() -> None:
    """Six seeds on two target models: t(0.975, 1) = 12.706 against t(1 - 0.05 / 4, 1) = 25.452, not those of 5 degrees of freedom."""
    gains = ((0.16, 0.06, 0.26), (0.16, 0.06, 0.26))
    six = table(gains[0], (0, 0, 0))["t"].assign(seeds=6)
    keys = {
        "models": ["tiny"],
        "each": {"objective": ["gd", "idk"]},
        "conditions": [BETTER],
        "primary": True,
        "family": "f",
    }
    for groups, verdict in (({}, "supported"), ({"replicates": 2}, "inconclusive")):
        rows = pd.concat([six.assign(**groups), six.assign(objective="idk", **groups)])
        assert {row["verdict"] for row in verdicts([claim(**keys)], {"t": rows}, "demo")} == {verdict}


def test_holm_goes_on_after_the_clearest_and_stops_at_the_first_that_fails() -> None:
    assert [row["verdict"] for row in family((0.9, 0.8, 1.0), (0.11, 0.01, 0.21))] == ["supported", "supported"]
    assert [row["verdict"] for row in family((0.9, 0.8, 1.0), (-0.9, -1.0, -0.8))] == ["supported", "contradicted"]
    # What cannot be tested is none of the family.
    found = family((0.11, 0.01, 0.21), (NAN, NAN, NAN))
    assert [row["verdict"] for row in found] == ["supported", "not testable here"]
    assert [row["judged"] for row in found] == ["primary: one of 1 of family f, Holm at 0.05", "primary: not tested"]


def test_a_claim_may_be_primary_for_some_values() -> None:
    first, second = family((0.11, 0.01, 0.21), (0.11, 0.01, 0.21), primary={"objective": ["o1"]})
    assert (first["primary"], first["family"], second["primary"], second["family"]) == (False, None, True, "f")
    assert second["judged"] == "primary: one of 1 of family f, Holm at 0.05"


def test_one_of_many_conditions_contradicts_a_primary_claim_only_beyond_their_number() -> None:
    four = [BETTER | {"column": name} for name in ("gain", "loss", "gain", "gain")]
    keys = {"models": ["tiny"], "conditions": four, "primary": True, "family": "f"}
    (row,) = verdicts([claim(**keys)], table((0.2, 0.1, 0.3), (-0.11, -0.21, -0.01)), "demo")
    assert row["verdict"] == "inconclusive"
    assert row["reason"].startswith("contradicted at 95 % by itself")
    (row,) = verdicts([claim(**keys)], table((0.2, 0.1, 0.3), (-0.9, -1.0, -0.8)), "demo")
    assert row["verdict"] == "contradicted"
