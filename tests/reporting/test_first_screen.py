"""The answer at the top of the report, from made-up verdicts."""

from grunflow.reporting import first_screen
from grunflow.reporting.figures.listing import FIGURES
from grunflow.reporting.glossary import TERMS, term_of
from grunflow.reporting.headings import words_of
from grunflow.reporting.page import readable
from grunflow.reporting.tables.listing import TABLES


def verdict(
    claim: str, statement: str, found: str, primary: bool = False, about: str = "demo", model: str = "tiny"
) -> dict:
    return {"claim": claim, "statement": statement, "verdict": found, "primary": primary, "about": about, "model": model,
            "reason": "no such row in this study"}  # fmt: skip


ROWS = [
    verdict("minor", "it is quick", "supported"),
    verdict("main", "gd: more than full", "supported", True),
    verdict("main", "gd: more than lora", "inconclusive", True),
    verdict("main", "idk: more than lora", "not testable here", True),
    verdict("main", "gd: more than full", "not testable here", True, "the paper", "large"),
]


def test_primary_claims_decide_and_are_told_first() -> None:
    found = first_screen.answer(ROWS, "demo")
    assert found["whole"] == (
        "Of 2 primary statements 1 is supported and 1 is inconclusive on this study's own models; 1 more could not be tested."
    )
    assert [claim["statement"] for claim in found["claims"]] == ["gd: more than full / lora"]
    assert found["claims"][0]["verdicts"] == [
        {"verdict": "supported", "count": 1, "of": "full"}, {"verdict": "inconclusive", "count": 1, "of": "lora"},
    ]  # fmt: skip
    assert found["rest"] == "1 exploratory statement is supported, each by itself."
    assert found["others"] == "The models of the paper itself (large) were not run: of them this study says nothing."


def test_without_primary_claims_all_are_counted() -> None:
    rows = [row | {"primary": False} for row in ROWS if row["about"] == "demo"]
    assert first_screen.answer(rows, "demo")["whole"].startswith(
        "Of 3 statements 2 are supported and 1 is inconclusive"
    )
    assert first_screen.answer(rows, "demo")["rest"] == ""


def test_where_nothing_was_tested_the_reason_is_told() -> None:
    assert first_screen.answer(ROWS[3:4], "demo")["whole"] == (
        "None of the 1 primary statement could be tested here: no such row in this study."
    )
    assert first_screen.answer(ROWS[4:], "demo")["whole"] == "The claims name no model of this study."


def test_statements_of_another_form_are_not_mixed() -> None:
    assert first_screen.together(["gd: more", "idk keeps as much"]) == "gd: more"
    assert first_screen.differing(["gd: more", "idk keeps as much"]) == ["", ""]


def test_a_method_stands_first_and_what_is_the_same_is_told_once() -> None:
    table = {"caption": "", "columns": ["Model", "Objective", "Carrier", "KS ↓"], "bold": [(1, "KS ↓")],
             "rows": [["tiny", "target", "", "0.6"], ["tiny", "gd", "full", "0.3"]]}  # fmt: skip
    found = readable(table)
    assert [name for name, *_ in found["columns"]] == ["Method", "KS ↓"]
    assert found["rows"] == [[("target", False), ("0.6", False)], [("gd · full", False), ("0.3", True)]]
    assert found["same"] == "Model: tiny"


def test_every_heading_of_the_packages_tables_is_explained() -> None:
    for heading, name in (
        ("Forget TR ↑", "Truth Ratio"), ("Model Utility ↑", "Model Utility"), ("KS ↓", "KS"), ("Forget Quality (p) ↑", "Forget Quality"),
        ("Retain Prob. ↑", "Probability"), ("Retain ROUGE-L ↑", "ROUGE-L"), ("Model", "Target and retain model"), ("Gate AUROC", "Gate"),
    ):  # fmt: skip
        term = term_of(heading)
        assert term is not None
        assert term.name == name
    assert len({term.slug for term in TERMS}) == len(TERMS)


def test_names_are_told_in_words() -> None:
    titles = {"tofu": "TOFU"}
    assert words_of("tofu_main", titles) == "TOFU: what each method forgot and what it kept"
    assert words_of("efficiency", titles) == "What unlearning cost"
    assert words_of("paper_2", titles) == "Published table 2 in its own layout, ours beside"


def test_every_table_and_figure_has_words() -> None:
    for entry in (*TABLES, *FIGURES):
        own = entry.name.removeprefix("{benchmark}_").replace("<n>", "1")
        assert words_of(own, {}).lower() != own.replace("_", " "), own


def test_where_nothing_was_tested_the_commonest_reason_is_told_with_its_count() -> None:
    rows = [verdict(f"c{number}", "it is so", "not testable here", True) for number in range(3)]
    rows[0]["reason"] = "one seed"
    assert first_screen.answer(rows, "demo")["whole"] == (
        "None of the 3 primary statements could be tested here: no such row in this study (2 of 3)."
    )
