"""Claims: every verdict, from made-up tables; and the shipped sheet."""

import pandas as pd
import pytest
from tests.reporting import made_up

from grunflow.config.claims import Claim, read_claims
from grunflow.config.specs import Tables
from grunflow.errors import BadInput
from grunflow.reporting.claims import sentences, verdicts
from grunflow.stages.tables import made

BETTER = {"table": "t", "column": "gain", "where": {"carrier": "grun", "objective": "{objective}"}, "above": 0}
NO_WORSE = {"table": "t", "column": "loss", "where": {"carrier": "grun", "objective": "{objective}"}, "below": 0.05}


def claim(**changes) -> Claim:
    base = {"id": "keeps", "statement": "{objective} keeps", "read": "first hand", "source": "the paper", "models": ["big"],
            "each": {"objective": ["gd"]}, "conditions": [BETTER, NO_WORSE]}  # fmt: skip
    return Claim.model_validate(base | changes)


def table(
    gain: tuple[float, float, float], loss: tuple[float, float, float], model: str = "tiny"
) -> dict[str, pd.DataFrame]:
    row = {"model": model, "objective": "gd", "carrier": "grun", "seeds": 3}
    for name, figure in (("gain", gain), ("loss", loss)):
        row |= dict(zip((name, f"{name}_lo", f"{name}_hi"), figure, strict=True))
    return {"t": pd.DataFrame([row, row | {"carrier": "full"}])}


NAN = float("nan")


@pytest.mark.parametrize(
    ("gain", "loss", "verdict"),
    [
        ((0.2, 0.1, 0.3), (0.0, -0.01, 0.01), "supported"),
        ((0.2, -0.1, 0.5), (0.0, -0.01, 0.01), "inconclusive"),
        ((0.2, 0.1, 0.3), (0.04, -0.01, 0.09), "inconclusive"),
        ((-0.2, -0.3, -0.1), (0.0, -0.01, 0.01), "contradicted"),
        ((0.2, 0.1, 0.3), (0.2, 0.1, 0.3), "contradicted"),
        ((-0.2, -0.3, -0.1), (0.2, -0.1, 0.3), "contradicted"),
        ((0.2, NAN, NAN), (0.0, -0.01, 0.01), "not testable here"),
        ((NAN, NAN, NAN), (0.0, -0.01, 0.01), "not testable here"),
    ],
)
def test_every_verdict_is_reached(gain, loss, verdict: str) -> None:
    (row,) = verdicts([claim(models=["tiny"])], table(gain, loss), "demo")
    assert row["verdict"] == verdict
    decided_by_loss = (gain, verdict) in [((0.2, 0.1, 0.3), "inconclusive"), ((0.2, 0.1, 0.3), "contradicted")]
    assert (row["reason"] != "") == (verdict == "not testable here" or decided_by_loss)
    assert row["reason"].startswith("loss +") == decided_by_loss
    assert row["tables"] == ["t"]


def test_the_papers_models_are_not_testable_in_another_study_whose_own_stand_beside_them() -> None:
    paper, own = verdicts([claim(quote="It keeps more.")], table((0.2, 0.1, 0.3), (0, -0.1, 0.01)), "demo")
    assert (paper["id"], paper["verdict"], paper["quote"]) == ("keeps/big/gd", "not testable here", "It keeps more.")
    assert (paper["effect"], paper["lo"], paper["hi"], paper["n"]) == (None, None, None, None)
    assert (own["id"], own["about"], own["quote"]) == ("demo/keeps/tiny/gd", "demo", "tiny: gd keeps")
    assert (own["verdict"], own["effect"], own["lo"], own["hi"], own["n"]) == ("supported", 0.2, 0.1, 0.3, 3)


def test_in_the_papers_study_the_claim_itself_is_tested() -> None:
    (row,) = verdicts([claim()], table((0.2, 0.1, 0.3), (0, -0.1, 0.01), "big"), "paper")
    assert (row["about"], row["verdict"], row["read"]) == ("paper", "supported", "first hand, in our words")


def test_a_count_has_no_interval_and_is_exact() -> None:
    few = claim(
        models=["tiny"], statement="few", each={}, conditions=[{"table": "e", "column": "share", "below": 0.0005}]
    )
    cost = pd.DataFrame([{"model": "tiny", "share": 0.0004, "seeds": 3}])
    (row,) = verdicts([few], {"e": cost}, "demo")
    assert (row["verdict"], row["lo"], row["hi"]) == ("supported", 0.0004, 0.0004)
    (row,) = verdicts([few], {"e": cost.assign(share=0.0036)}, "demo")
    assert row["verdict"] == "contradicted"


def test_here_replaces_values_of_each_for_other_models() -> None:
    tasks = claim(statement="{task}", each={"task": ["wmdp_bio"]}, here={"task": ["forget_domain"]},
                  conditions=[{"table": "w", "column": "{task}_accuracy", "below": 0.3}])  # fmt: skip
    made = {"w": pd.DataFrame([{"model": "tiny", "forget_domain_accuracy": 0.25, "seeds": 3}])}
    paper, own = verdicts([tasks], made, "demo")
    assert (paper["verdict"], own["id"], own["verdict"]) == (
        "not testable here",
        "demo/keeps/tiny/forget_domain",
        "supported",
    )


def test_what_is_printed_tells_each_verdict_and_sums_up_what_is_not_testable() -> None:
    two = claim(models=["big", "huge"])
    lines = sentences(verdicts([two], table((0.2, 0.1, 0.3), (0, -0.1, 0.01)), "demo"))
    assert lines == [
        "supported         demo/keeps/tiny/gd: +0.2 [+0.1, +0.3], n = 3",
        "not testable here paper/keeps: 2 (no such row in this study)",
    ]


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


NAMES = ("tofu_main", "tofu_differences", "wmdp_main", "equal_forgetting", "efficiency")


@pytest.mark.parametrize("carriers", [("full", "lora", "grun"), ("grun", "full", "lora")])
def test_the_shipped_sheet_speaks_of_columns_that_tables_have(tmp_path, carriers: tuple[str, ...]) -> None:
    """On made-up tables of the demo's shape every claim is decided for the study's own models, and none for the paper's,
    whatever the order of the carriers."""
    study = made_up.Study(
        tmp_path, [(made_up.TOFU, made_up.questions(carriers=carriers)), (made_up.WMDP, made_up.choice())]
    )
    tables = made(Tables(**study.shown, names=NAMES), study.work(tmp_path))
    sheet = read_claims("config/claims.yaml")
    found = verdicts(sheet, {name: item.tidy for name, item in tables.items()}, "demo")
    decided = {row["claim"] for row in found if row["about"] == "demo" and row["verdict"] != "not testable here"}
    assert decided == {item.id for item in sheet}
    assert {row["verdict"] for row in found if row["about"] == "paper"} == {"not testable here"}
    keeps = {row["id"]: row["effect"] for row in found if row["claim"] == "keeps_utility" and row["about"] == "demo"}
    assert len(keeps) == 6
    assert min(keeps.values()) > 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("claims: 3", "expected one key `claims` with a list"),
        ("claims: [{id: a}]", "claim a.statement: missing; add it"),
        (
            "claims: [{id: a, statement: s, read: heard, source: x, models: [m], conditions: []}]",
            "claim a.read: got 'heard'",
        ),
        (
            "claims: [{id: a, statement: s, read: ours, source: x, models: [m], conditions: [{table: t, column: c}]}]",
            "give exactly one of above and below",
        ),
        (
            "claims: [{id: a, statement: '{x}', read: ours, source: x, models: [m], conditions: [{table: t, column: c, above: 0}]}]",
            "['x'] must be names of each",
        ),
    ],
)
def test_a_bad_sheet_is_refused_with_file_claim_and_key(tmp_path, text: str, message: str) -> None:
    sheet = tmp_path / "claims.yaml"
    sheet.write_text(text)
    with pytest.raises(BadInput) as caught:
        read_claims(str(sheet))
    assert str(sheet) in str(caught.value)
    assert message in str(caught.value)


def test_two_claims_may_not_share_an_id(tmp_path) -> None:
    one = "{id: a, statement: s, read: ours, source: x, models: [m], conditions: [{table: t, column: c, above: 0}]}"
    sheet = tmp_path / "claims.yaml"
    sheet.write_text(f"claims: [{one}, {one}]")
    with pytest.raises(BadInput, match="share an id: 'a'"):
        read_claims(str(sheet))
