"""Claims: every verdict, from made-up tables; and the shipped sheet."""

from itertools import permutations
from typing import Any

import pandas as pd
import pytest
from tests.reporting import made_up

from grunflow.config.claims import Claim, Condition, read_claims
from grunflow.config.models import Architecture
from grunflow.config.specs import Tables
from grunflow.config.typed import read_yaml
from grunflow.errors import BadInput
from grunflow.reporting.claim_conditions import Study
from grunflow.reporting.claim_rows import filled
from grunflow.reporting.claims import sentences
from grunflow.reporting.claims import verdicts as verdicts_of
from grunflow.reporting.closed_form import figures
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


def verdicts(claims: list[Claim], tables: dict[str, pd.DataFrame], study: str, **keys: Any) -> list[dict]:
    return verdicts_of(claims, Study(study, tables, **keys))


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


def test_a_small_model_cannot_speak_for_a_large_one_whose_share_follows_from_its_shape() -> None:
    """110,607 with the linear gate at width 4096: the authors' code (tests/interventions/test_gated.py)."""
    condition = {"table": "e", "column": "trained_fraction", "below": 0.0005,
                 "closed_form": {"kind": "grun", "keys": {"rank": 4, "layers": [20, 25, 31], "gate": "linear", "gate_weight": 10}}}  # fmt: skip
    few = claim(statement="few", each={}, scale=1e9, conditions=[condition])
    tables = {
        "e": pd.DataFrame([{"model": "tiny", "trained_fraction": 0.0004, "model_parameters": 988288, "seeds": 3}])
    }
    shape = Architecture(
        hidden_size=4096, layers=32, heads=32, kv_heads=8, intermediate_size=14336, vocabulary=128256, tied=False
    )
    paper, own = verdicts([few], tables, "demo", shapes={"big": shape})
    assert paper["verdict"] == "supported"
    assert paper["reason"] == "by closed form, not run: 110,607 of 8,030,261,248 parameters"
    assert (own["verdict"], own["effect"]) == ("not testable here", 0.0004)
    assert own["reason"] == "the claim is of models of 1e+09 parameters and more (our bound), this one has 988,288"
    paper, _ = verdicts([few], tables, "demo")
    assert (paper["verdict"], paper["reason"]) == ("not testable here", "no such row in this study")


def test_a_closed_form_speaks_of_the_models_that_a_claim_names_alone() -> None:
    """Another model of the sheet has other blocks: that a study has no such row of it is no reason to end its stage."""
    condition = {"table": "e", "column": "trained_fraction", "where": {"objective": "{objective}"}, "below": 0.0005,
                 "closed_form": {"kind": "grun", "keys": {"rank": 4, "layers": [20, 25, 31], "gate": "linear", "gate_weight": 10}}}  # fmt: skip
    few = claim(each={"objective": ["gd", "idk"]}, conditions=[condition])
    row = {"model": "own", "objective": "gd", "trained_fraction": 0.0004, "model_parameters": 1.35e8, "seeds": 3}
    own = Architecture(hidden_size=576, layers=30, heads=9, vocabulary=49152)
    found = verdicts([few], {"e": pd.DataFrame([row])}, "mine", shapes={"own": own})
    assert [(item["id"], item["verdict"]) for item in found if item["about"] == "mine"] == [
        ("mine/keeps/own/gd", "supported")
    ]


@pytest.mark.parametrize(("gate", "trained"), [("linear", 110_607), ("mlp_3", 3_294_351)])
@pytest.mark.parametrize("model", ["llama-3.1-8b", "mistral-7b-v0.1"])
def test_the_shipped_bound_fits_both_gates_and_counts_the_larger(model: str, gate: str, trained: int) -> None:
    (few,) = (item for item in read_claims("config/claims.yaml") if item.id == "few_parameters")
    (condition,) = few.conditions
    assert condition.closed_form is not None
    assert condition.closed_form.keys["gate"] == "mlp_3"
    shape = Architecture(**read_yaml("config/models.yaml", "sheet")[model]["architecture"])
    method = condition.closed_form.model_copy(update={"keys": {**condition.closed_form.keys, "gate": gate}})
    found = figures(model, shape, method)
    assert found["trained_parameters"] == trained
    assert condition.below is not None
    assert found["trained_fraction"] < condition.below


def test_time_is_compared_between_like_engines_which_are_told() -> None:
    one = claim(models=["tiny"], conditions=[BETTER | {"engine": "plain"}])
    tables = table((0.2, 0.1, 0.3), (0, 0, 0))
    (row,) = verdicts([one], tables, "demo", engine="fast")
    assert row["verdict"] == "not testable here"
    assert row["reason"].startswith("engine fast: ")
    (row,) = verdicts([one], tables, "demo", engine="plain")
    assert (row["verdict"], row["reason"]) == ("supported", "engine plain")


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


NAMES = ("tofu_main", "tofu_differences", "wmdp_main", "equal_forgetting", "efficiency")
FURTHER = ("robustness", "relearning", "sequential")  # of studies with conditions, attacks and sequences
SHIPPED = "config/claims.yaml"


def of_study(folder, questions: made_up.Frames) -> list[dict]:
    study = made_up.Study(folder, [(made_up.TOFU, questions), (made_up.WMDP, made_up.choice())])
    tables = made(Tables(**study.shown, names=NAMES), study.work(folder))
    return verdicts(
        list(read_claims(SHIPPED)), {name: item.tidy for name, item in tables.items()}, "demo", engine="plain"
    )


def test_the_shipped_sheet_speaks_of_columns_that_tables_have(tmp_path) -> None:
    """On made-up tables of the demo's shape every claim but those of a scale and of tables that it does not have is decided for the
    study's own models, and none for the paper's."""
    found = of_study(tmp_path, made_up.questions(carriers=("full", "lora", "grun", "reft")))
    decided = {row["claim"] for row in found if row["about"] == "demo" and row["verdict"] != "not testable here"}
    sheet = read_claims(SHIPPED)
    beyond = {item.id for item in sheet if {part.table for part in item.conditions} <= set(FURTHER)}
    assert beyond == {"sequential", "holds_paraphrased", "holds_quantised", "holds_attacked"}
    assert decided == {item.id for item in sheet if item.scale is None} - beyond
    assert {row["verdict"] for row in found if row["about"] == "the paper"} == {"not testable here"}
    told = {row["claim"]: row["reason"] for row in found if row["claim"] in beyond}
    assert told["sequential"] == "no table `sequential` in this study"
    assert not [row for row in found if row["claim"] in beyond and row["about"] == "demo"]
    primary = {row["claim"] for row in found if row["primary"]}
    assert primary == {"general", "keeps_utility_at_equal_forgetting"}


@pytest.mark.slow
def test_the_order_of_carriers_does_not_matter(tmp_path) -> None:
    """Neither to verdicts nor to figures, nor is one lost: of two gated carriers and one of each other kind."""
    kinds = {"linear": "grun", "mlp": "grun", "whole": "full"}
    frames = made_up.questions(carriers=("whole", "lora", "linear", "mlp"), kinds=kinds)
    every = []
    for place, carriers in enumerate(permutations(("whole", "lora", "linear", "mlp"))):
        if place % 5 == 0:  # among these each carrier comes first and last
            order = {name: number for number, name in enumerate(["", *carriers])}
            turned = {name: frame.sort_values("carrier", key=lambda names: names.map(order), kind="stable")
                      if "carrier" in frame else frame for name, frame in frames.items()}  # fmt: skip
            found = of_study(tmp_path / str(place), turned)
            every.append({row["id"]: (row["verdict"], row["statement"], row["effect"]) for row in found})
    for found in every[1:]:
        assert found.keys() == every[0].keys()
        assert [found[name][:2] for name in found] == [every[0][name][:2] for name in found]
        effects = [(found[name][2], every[0][name][2]) for name in found if found[name][2] is not None]
        assert [mine for mine, _ in effects] == pytest.approx([theirs for _, theirs in effects])
    assert len([name for name in every[0] if name.startswith("demo/keeps_utility/")]) == 12


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
        (
            "claims: [{id: a, statement: s, read: ours, source: x, models: [m], primary: true, conditions: [{table: t, column: c, above: 0}]}]",
            "a primary claim has a family",
        ),
        *(
            (
                "claims: [{id: a, statement: s, read: ours, source: x, models: [m], each: {o: [gd, npo]}, "
                f"{keys} conditions: [{{table: t, column: c, above: 0, when: {{o: [{when}]}}}}]}}]",
                message,
            )
            for keys, when, message in (
                ("", "gdd", "'gdd' must be one of o: ['gd', 'npo']"),
                ("", "gd", "one condition must have no `when`"),
                ("primary: {o: [idk]}, family: f,", "gd", "'idk' must be one of o"),
            )
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
