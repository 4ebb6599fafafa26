"""Runs without result: rows, captions, pairs and claims of a study of which a seed, or a whole method, is absent."""

import pandas as pd
import pytest
from tests.reporting import made_up

from grunflow.config.claims import read_claims
from grunflow.config.shown_specs import AbsentRun
from grunflow.reporting.absence import sentence, why
from grunflow.reporting.claim_conditions import Study
from grunflow.reporting.claims import verdicts
from grunflow.reporting.results import Results
from grunflow.reporting.tables.differences import differences_table
from grunflow.reporting.tables.efficiency import efficiency_table
from grunflow.reporting.tables.equal_forgetting import equal_forgetting_table
from grunflow.reporting.tables.main import main_table
from grunflow.reporting.tables.references import references_table

PATH = "config/claims.yaml"


def absent(objective: str, carrier: str, seed: int, reason: str = "diverged") -> AbsentRun:
    return AbsentRun(
        benchmark="tofu", run=f"tiny/forget10/{objective}_{carrier}_t{seed}", model="tiny", split="forget10", objective=objective,
        carrier=carrier, carrier_kind=carrier, target_seed=seed, unlearn_seed=seed, reason=reason,
    )  # fmt: skip


GONE = (absent("gd", "full", 1), *(absent("npo", "lora", seed) for seed in made_up.SEEDS))


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Of GD on full one of three seeds is absent, of NPO on LoRA all."""
    names = {run.run for run in GONE}
    frames = {name: frame[~frame["run"].isin(names)] for name, frame in made_up.questions().items() if len(frame)}
    (found,) = made_up.Study(tmp_path_factory.mktemp("gone"), [(made_up.TOFU, frames)], GONE).results
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """The same with seeds 0 and 2 alone, and no NPO."""
    frames = made_up.questions()
    left = {
        name: frame[(frame["objective"] != "npo") & (frame["target_seed"] != 1)] if "objective" in frame else frame
        for name, frame in frames.items()
    }
    (found,) = made_up.Study(tmp_path_factory.mktemp("whole"), [(made_up.TOFU, left)]).results
    return found


def of(table: pd.DataFrame, **where: object) -> pd.Series:
    for name, value in where.items():
        table = table[table[name] == value]
    assert len(table) == 1, where
    return table.iloc[0]


def test_the_main_table_names_every_seed_that_is_absent(results: Results) -> None:
    table = main_table(results)
    some = of(table.tidy, objective="gd", carrier="full")
    assert (some.seeds, some.reason) == (2, "2 of 3 seeds (t1 u1: diverged)")
    none = of(table.tidy, objective="npo", carrier="lora")
    assert (none.seeds, none.reason, none.carrier_kind) == (0, "diverged", "lora")
    assert pd.isna(none.forget_rougeL)
    assert of(table.tidy, objective="gd", carrier="grun").reason == ""
    assert of(table.shown, Objective="gd", Carrier="full")[["Seeds", "Absent"]].tolist() == ["2 of 3", some.reason]
    assert of(table.shown, Objective="npo", Carrier="lora")[["Seeds", "Absent"]].tolist() == ["0 of 3", "diverged"]
    assert (
        "Without result: tiny gd full (t1 u1): diverged; tiny npo lora (t0 u0; t1 u1; t2 u2): diverged."
        in table.caption
    )
    assert "12.0" not in table.tidy.to_csv(index=False), "counts stay whole"


def test_carriers_are_compared_over_the_seeds_that_both_have(results: Results, whole: Results) -> None:
    pair = {"objective": "gd", "carrier": "grun", "against": "full"}
    ours, theirs = (of(differences_table(item).tidy, **pair) for item in (results, whole))
    assert ours.seeds == 2
    pd.testing.assert_series_equal(ours, theirs, check_names=False)
    pairs = differences_table(results).tidy
    assert of(pairs, objective="gd", carrier="grun", against="lora").seeds == 3
    assert pairs[pairs["objective"] == "npo"][["carrier", "against"]].to_numpy().tolist() == [["grun", "full"]]
    level = {"objective": "gd", "reading": "strength", "carrier": "grun", "forget_probability": 0.5}
    ours, theirs = (of(equal_forgetting_table(item).tidy, **level) for item in (results, whole))
    column = "retain_probability_minus_full"
    assert ours.seeds == 3
    figures = [f"{column}{end}" for end in ("", "_lo", "_hi")]
    assert ours[figures].notna().all()
    pd.testing.assert_series_equal(ours[figures], theirs[figures], check_names=False)


def test_bold_rests_on_the_seeds_that_all_carriers_have(results: Results, whole: Results) -> None:
    bold = [
        {(*table.shown.loc[row, ["Objective", "Carrier"]], name) for row, name in table.bold if table.shown.loc[row, "Objective"] == "gd"}
        for table in map(main_table, (results, whole))
    ]  # fmt: skip
    assert bold[0] == bold[1] != set()


def test_every_other_table_is_made(results: Results) -> None:
    assert of(efficiency_table(results).tidy, objective="gd", carrier="full").seeds == 2
    found = references_table(results).tidy
    assert of(found, objective="gd", carrier="full", against="target").seeds == 2


def test_claims_on_an_absent_method_say_why_and_others_how_many_seeds(results: Results) -> None:
    tables = {"tofu_main": main_table(results).tidy, "tofu_differences": differences_table(results).tidy}
    rows = verdicts(read_claims(PATH), Study("demo", tables, absent=GONE))
    own = {row["id"]: row for row in rows if row["about"] == "demo"}
    lost = own["demo/keeps_utility/tiny/npo/lora"]
    assert (lost["verdict"], lost["reason"]) == (
        "not testable here", "Without result: tiny npo lora (t0 u0; t1 u1; t2 u2): diverged",
    )  # fmt: skip
    fewer = own["demo/keeps_utility/tiny/gd/full"]
    assert fewer["verdict"] != "not testable here"
    assert fewer["n"] == 2
    assert "Without result: tiny gd full (t1 u1): diverged" in fewer["reason"]
    assert "Without result" not in own["demo/keeps_utility/tiny/gd/lora"]["reason"]


@pytest.mark.parametrize(
    ("runs", "present", "told"),
    [
        ([absent("gd", "full", 0)], 0, "diverged"),
        (
            [absent("gd", "full", 0), absent("gd", "full", 1, "missing")],
            0,
            "0 of 2 seeds (t0 u0: diverged; t1 u1: missing)",
        ),
        ([absent("gd", "full", 0), absent("gd", "full", 1)], 1, "1 of 3 seeds (t0 u0, t1 u1: diverged)"),
    ],
)
def test_why(runs: list[AbsentRun], present: int, told: str) -> None:
    assert why(runs, present) == told


def test_a_caption_names_a_few_and_counts_the_others() -> None:
    assert sentence(()) == ""
    many = [absent("gd", f"c{number}", 0) for number in range(12)]
    assert sentence(many).endswith("tiny gd c7 (t0 u0): diverged; 4 methods more.")
