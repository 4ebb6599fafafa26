"""A finished model of others among made-up runs: a row of main and reference tables, no part of any comparison or verdict."""

from pathlib import Path

import pandas as pd
import pytest
import yaml
from tests.reporting import made_up

from grunflow.config.shown_specs import Claims
from grunflow.reporting import ledger
from grunflow.reporting.answers import cards
from grunflow.reporting.results import Results
from grunflow.reporting.tables.differences import differences_table
from grunflow.reporting.tables.main import main_table
from grunflow.reporting.tables.references import references_table
from grunflow.stages import claims
from grunflow.work import Work

MODEL_OF = "tiny/forget10/npo_full_t0"  # whose answers it gives
RUN = "tiny/forget10/external_theirs"
WHO = {
    "run": RUN,
    "objective": "npo",
    "carrier": "full",
    "carrier_kind": "external",
    "target_seed": None,
    "unlearn_seed": None,
}


def results(folder: Path, seeds: tuple[int, ...]) -> Results:
    """Frames of the study, with the other model's."""
    frames = made_up.questions(seeds)
    for name in ("metrics", "questions", "examples"):
        rows = frames[name]
        own = rows[rows["run"] == MODEL_OF]
        theirs = own.assign(**{key: value for key, value in WHO.items() if key in own})
        if name == "metrics" and len(seeds) > 1:  # aggregation finds no retain model of its own for it
            theirs = theirs.assign(ks_statistic=float("nan"), forget_quality=float("nan"))
        frames[name] = pd.concat([rows, theirs], ignore_index=True)
    return made_up.Study(folder, [(made_up.TOFU, frames)]).results[0]


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """With one target and one retain model, which are its references as well."""
    return results(tmp_path_factory.mktemp("one"), (0,))


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return results(tmp_path_factory.mktemp("three"), (0, 1, 2))


def test_it_is_a_row_of_its_own_that_people_tell_apart(three: Results) -> None:
    table = main_table(three)
    tidy = table.tidy[(table.tidy["objective"] == "npo") & (table.tidy["carrier"] == "full")]
    assert dict(zip(tidy["carrier_kind"], tidy["seeds"], strict=True)) == {"full": 3, "external": 1}
    assert table.shown["Carrier"].tolist().count("full (external)") == 1
    assert not [place for place, _ in table.bold if table.shown["Carrier"][place] == "full (external)"]
    assert set(table.tidy["objective"]) == {"target", "retain", *made_up.OBJECTIVES}


def bold_cells(found: Results) -> list[tuple[str, str, str]]:
    table = main_table(found)
    return [
        (table.shown["Objective"][place], table.shown["Carrier"][place], name) for place, name in sorted(table.bold)
    ]


def test_what_is_bold_and_compared_is_as_without_it(three: Results, demo) -> None:
    without = demo.results[0]
    assert bold_cells(three) == bold_cells(without) != []
    assert differences_table(three).tidy.equals(differences_table(without).tidy)
    assert three.carriers == without.carriers


def test_it_stands_against_the_only_reference_models_or_none(one: Results, three: Results) -> None:
    of_one = references_table(one)
    held = of_one.tidy[of_one.tidy["carrier_kind"] == "external"].set_index("against")
    own = of_one.tidy[(of_one.tidy["carrier_kind"] == "full") & (of_one.tidy["objective"] == "npo")].set_index(
        "against"
    )
    assert list(held.index) == ["target", "retain"]
    assert held["forget_probability"].tolist() == pytest.approx(own["forget_probability"].tolist())
    assert "full (external)" in set(of_one.shown["Carrier"])
    assert "external" not in set(references_table(three).tidy["carrier_kind"])


def test_it_is_none_of_ours_beside_published_numbers(one: Results, three: Results) -> None:
    for found in (one, three):
        values = ledger.values([found])
        key = ("tiny", "forget10", "npo", "full", "forget_probability")
        assert len(values[key]) == len(found.metrics["target_seed"].unique())
        assert not [other for other in values if "external" in other]


def test_its_answers_stand_beside_ours(three: Results) -> None:
    lines = [answer["carrier"] for answer in cards([three])[0]["answers"] if answer["objective"] == "npo"]
    assert lines == ["full", "lora", "grun", "full (external)"]


def test_claims_do_not_count_it_as_ours(three: Results, tmp_path: Path) -> None:
    """Two rows of one name would be refused where a claim expects one."""
    condition = {"table": "tofu_main", "column": "forget_probability", "above": 0.01,
                 "where": {"objective": "npo", "carrier": "full"}}  # fmt: skip
    claim = {"id": "known", "statement": "It is known.", "read": "ours", "source": "s", "models": ["tiny"],
             "conditions": [condition]}  # fmt: skip
    sheet = {"claims": [claim]}
    (tmp_path / "claims.yaml").write_text(yaml.safe_dump(sheet))
    tables = tmp_path / "tables"
    tables.mkdir()
    main_table(three).tidy.to_csv(tables / "tofu_main.csv", index=False)
    out = tmp_path / "out"
    out.mkdir()
    spec = Claims(study="s", claims=str(tmp_path / "claims.yaml"), engine="fast")
    assert claims.run(spec, Work({"tables": [tables]}, out)) == {"verdicts": 1}
