"""The shipped sheet of claims, and sheets that are refused."""

from itertools import permutations

import pytest
from tests.reporting import made_up
from tests.reporting.judged import verdicts

from grunflow.config.claims import read_claims
from grunflow.config.shown_specs import Tables
from grunflow.errors import BadInput
from grunflow.stages.tables import made

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
    """On made-up tables as the demo has them without its conditions every claim but those of a scale and of tables that it does not have is decided for the
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
