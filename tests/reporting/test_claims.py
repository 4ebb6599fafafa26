"""Claims: every verdict, from made-up tables."""

import pandas as pd
import pytest
from tests.reporting.judged import BETTER, NAN, NO_WORSE, claim, table, verdicts

from grunflow.config.claims import Condition
from grunflow.errors import BadInput
from grunflow.reporting.claim_rows import filled
from grunflow.reporting.claims import sentences


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
    assert row["tables"] == ["t"]
    assert (row["primary"], row["judged"]) == (False, "exploratory: 95 % by itself")
    if verdict != "not testable here":  # what each condition says
        first, second = row["reason"].split("; ")
        assert first.startswith(f"gain {gain[0]:+.3g} [")
        assert second.startswith(f"loss {loss[0]:+.3g} [")


def test_the_papers_models_are_not_testable_in_another_study_whose_own_stand_beside_them() -> None:
    paper, own = verdicts([claim(quote="It keeps more.")], table((0.2, 0.1, 0.3), (0, -0.1, 0.01)), "demo")
    assert (paper["id"], paper["verdict"], paper["quote"]) == ("keeps/big/gd", "not testable here", "It keeps more.")
    assert (paper["effect"], paper["lo"], paper["hi"], paper["n"]) == (None, None, None, None)
    assert (own["id"], own["about"], own["quote"]) == ("demo/keeps/tiny/gd", "demo", "tiny: gd keeps")
    assert (own["verdict"], own["effect"], own["lo"], own["hi"], own["n"]) == ("supported", 0.2, 0.1, 0.3, 3)


def test_in_the_papers_study_the_claim_itself_is_tested() -> None:
    (row,) = verdicts([claim()], table((0.2, 0.1, 0.3), (0, -0.1, 0.01), "big"), "paper")
    assert (row["about"], row["verdict"], row["read"]) == ("the paper", "supported", "first hand, in our words")


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
        "supported         demo/keeps/tiny/gd: +0.2 [+0.1, +0.3], n = 3, exploratory: 95 % by itself (gain +0.2 [+0.1, +0.3], "
        "claimed above 0: supported; loss +0 [-0.1, +0.01], claimed below 0.05: supported)",
        "not testable here the paper/keeps: 2 (no such row in this study)",
    ]


def test_a_study_called_paper_with_another_model_does_not_speak_for_the_paper() -> None:
    for study in ("paper", "the-paper"):
        paper, own = verdicts([claim(quote="It keeps more.")], table((0.2, 0.1, 0.3), (0, -0.1, 0.01)), study)
        assert (paper["about"], paper["verdict"]) == ("the paper", "not testable here")
        assert (own["about"], own["id"], own["quote"]) == (study, f"{study}/keeps/tiny/gd", "tiny: gd keeps")


def test_a_where_that_fits_several_rows_is_refused_and_names_them() -> None:
    rows = table((0.2, 0.1, 0.3), (0, -0.1, 0.01))["t"]
    both = pd.concat([rows.assign(reading="path"), rows.assign(reading="strength", gain=0.4)])
    with pytest.raises(BadInput, match=r"table t, where .*2 rows, expected one \(reading 'path'; reading 'strength'\)"):
        verdicts([claim(models=["tiny"])], {"t": both}, "demo")
    one = claim(models=["tiny"], conditions=[BETTER | {"where": BETTER["where"] | {"reading": "strength"}}])
    (row,) = verdicts([one], {"t": both}, "demo")
    assert row["effect"] == 0.4


def test_one_seed_and_questions_only_decide_nothing() -> None:
    rows = table((0.2, 0.1, 0.3), (0, -0.1, 0.01))["t"]
    for changed in (rows.assign(interval="questions only"), rows.assign(seeds=1)):
        (row,) = verdicts([claim(models=["tiny"])], {"t": changed}, "demo")
        assert (row["verdict"], row["effect"]) == ("not testable here", 0.2)
        assert row["reason"] == "one seed: its interval says nothing of other seeds"
    (row,) = verdicts([claim(models=["tiny"])], {"t": rows.assign(interval="questions and seeds")}, "demo")
    assert row["verdict"] == "supported"


def test_every_reason_is_told_once() -> None:
    rows = table((NAN, NAN, NAN), (NAN, NAN, NAN))["t"]
    (row,) = verdicts([claim(models=["tiny"])], {"t": rows.assign(reason="not observed (.98 -> .003)")}, "demo")
    assert row["reason"] == "not observed (.98 -> .003)"
    (row,) = verdicts([claim(models=["tiny"])], {"t": rows}, "demo")
    assert row["reason"] == "gain is empty: no such comparison; loss is empty: no such comparison"
    other = claim(models=["tiny"], conditions=[BETTER, NO_WORSE | {"table": "sequential"}])
    (row,) = verdicts([other], {"t": rows}, "demo")
    assert row["reason"] == "gain is empty: no such comparison; no table `sequential` in this study"


def test_what_a_row_tells_beside_its_figure_stands_in_the_reason() -> None:
    one = claim(models=["tiny"], conditions=[BETTER])
    rows = table((0.2, 0.1, 0.3), (0, 0, 0))["t"].assign(told="the best snapshot says otherwise")
    (row,) = verdicts([one], {"t": rows}, "demo")
    assert (row["verdict"], row["reason"]) == ("supported", "the best snapshot says otherwise")
    empty = rows.assign(gain=NAN, reason="not observed")
    (row,) = verdicts([one], {"t": empty}, "demo")
    assert row["reason"] == "not observed; the best snapshot says otherwise"


def test_a_condition_may_hold_for_some_values_only() -> None:
    two = claim(models=["tiny"], each={"objective": ["gd", "idk"]},
                conditions=[BETTER, NO_WORSE | {"when": {"objective": ["gd"]}}])  # fmt: skip
    rows = table((0.2, 0.1, 0.3), (0.2, 0.1, 0.3))["t"]
    gd, idk = verdicts([two], {"t": pd.concat([rows, rows.assign(objective="idk")])}, "demo")
    assert (gd["verdict"], idk["verdict"]) == ("contradicted", "supported")


def test_near_a_value_means_on_both_sides() -> None:
    near = claim(models=["tiny"], conditions=[BETTER | {"above": 0.2}, BETTER | {"above": None, "below": 0.3}])
    for gain, verdict in (
        ((0.25, 0.22, 0.28), "supported"),
        ((0.1, 0.08, 0.12), "contradicted"),
        ((0.25, 0.15, 0.35), "inconclusive"),
    ):
        (row,) = verdicts([near], table(gain, (0, 0, 0)), "demo")
        assert row["verdict"] == verdict


def test_time_is_compared_between_like_engines_which_are_told() -> None:
    one = claim(models=["tiny"], conditions=[BETTER | {"engine": "plain"}])
    tables = table((0.2, 0.1, 0.3), (0, 0, 0))
    (row,) = verdicts([one], tables, "demo", engine="fast")
    assert row["verdict"] == "not testable here"
    assert row["reason"].startswith("engine fast: ")
    (row,) = verdicts([one], tables, "demo", engine="plain")
    assert (row["verdict"], row["reason"]) == ("supported", "engine plain")


def test_a_column_that_a_table_lacks_and_a_table_that_counts_no_seeds_are_told() -> None:
    """A slip of the pen must not make a claim vanish."""
    tables = {"t": pd.DataFrame([{"model": "tiny", "carrier": "grun", "auroc": 0.9}])}
    for column, reason in (
        ("aurok", "table `t` has no column aurok"),
        ("auroc", "table `t` does not say over how many seeds auroc is"),
    ):
        one = Condition.model_validate({"table": "t", "column": column, "where": {"carrier": "grun"}, "above": 0.5})
        (found,) = [
            item
            for item in verdicts([claim(each={}, statement="it keeps", conditions=[one])], tables, "own")
            if item["about"] == "own"
        ]
        assert found["verdict"] == "not testable here"
        assert reason in found["reason"]


def test_a_value_may_stand_within_a_text_of_where() -> None:
    assert filled("{grid}_merged", {"grid": "nf4"}) == "nf4_merged"
    assert filled("{a}_{b}", {"a": "x", "b": "y"}) == "x_y"
    assert filled("{level}", {"level": 0.2}) == 0.2
    assert filled(3.0, {}) == 3
