"""Prompt forms: what is asked in each, to the letter; a form that changes nothing gives the plain scores exactly."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from grunflow.conditions.cased import CHANGES
from grunflow.conditions.mentioned import names_of
from grunflow.config.sets import ProbeSpec
from grunflow.data.picking import evenly
from grunflow.data.records import read_rows
from grunflow.errors import BadInput
from grunflow.evaluation.form import Form
from grunflow.models.loading import load_tokenizer
from tests.conditions.trained import CARRIERS, PROBE, SETS, condition, scores, unlearned

NOTHING = {
    "framed": {"prompt": "{question}"},
    "noised": {"words": 0},
    "given": {"tokens": 0},
    "templated": {"template": "plain"},
}


def asked_in(world: Path, kind: str, **keys: Any) -> pd.DataFrame:
    """The target's scores under a condition, by set and place."""
    return scores(world, (), condition(kind, **keys)).set_index(["set", "index"])


def rows(world: Path, name: str) -> list[dict[str, Any]]:
    """The six rows that are asked, evenly spaced (evaluation/asking.py)."""
    every = read_rows(world / "data" / "sets" / f"{name}.jsonl", ("question",))
    return [every[place] for place in evenly(6, len(every))]


@pytest.mark.parametrize("kind", NOTHING)
@pytest.mark.parametrize("name", ["grun", "lora"])
def test_a_form_that_changes_nothing_gives_the_plain_scores(kind: str, name: str, world: Path) -> None:
    run = (unlearned(world, name),)
    plain, same = (scores(world, run, put) for put in (condition("plain"), condition(kind, **NOTHING[kind])))
    # Of a question that is put otherwise no other words are asked.
    known = [column for column in plain if not column.startswith("paraphrased_")]
    pd.testing.assert_frame_equal(same[known], plain[known], check_exact=True)


@pytest.mark.parametrize("engine", ["fast", "plain"])
def test_another_form_is_heard(engine: str, world: Path) -> None:
    """By the likelihoods of the same answers, and by the gate."""
    run = (unlearned(world, "grun"),)
    plain, framed = (
        scores(world, run, put, engine)
        for put in (condition("plain"), condition("framed", prompt="Please tell me: {question}"))
    )
    assert framed["question"].tolist() == [f"Please tell me: {question}" for question in plain["question"]]
    for column in ("nll_answer", "gate_0"):
        assert (framed[column] != plain[column]).all()


def test_questions_are_put_as_each_form_says(world: Path) -> None:
    forget, retain = rows(world, "forget10_perturbed"), rows(world, "retain_perturbed")
    one, other = forget[1]["question"], retain[1]["question"]
    noised = asked_in(world, "noised", words=3)["question"]
    first = noised["forget", 1].removesuffix(one).split()
    assert (len(first), all(word.isalpha() and 3 <= len(word) <= 8 for word in first)) == (3, True)
    assert len({text[:12] for text in noised}) == len(noised), "every question has noise of its own"
    assert asked_in(world, "noised", words=1, place="behind")["question"]["forget", 1].startswith(f"{one} ")
    assert asked_in(world, "cased", letters="upper")["question"]["retain", 1] == other.upper()
    paraphrased = asked_in(world, "paraphrased")["question"]
    assert paraphrased.tolist() == [row["paraphrased_question"] for row in (*forget, *retain)]
    before, behind = (asked_in(world, "joined", other=place)["question"] for place in ("before", "behind"))
    assert (before["forget", 1], before["retain", 1]) == (f"{other} {one}", f"{one} {other}")
    assert (behind["forget", 1], behind["retain", 1]) == (f"{one} {other}", f"{other} {one}")


def test_a_title_begins_words_and_no_part_of_one() -> None:
    assert CHANGES["title"]("what is the author's first book?") == "What Is The Author's First Book?"


def test_names_come_from_the_other_side(world: Path) -> None:
    """The world's names have two words; one author is to be forgotten, whose name every forget question holds."""
    asked = asked_in(world, "mentioned")["question"]
    name, greeting = asked["retain", 2].split(" sends greetings. ", 1)
    assert greeting == rows(world, "retain_perturbed")[2]["question"]
    assert all(name in row["question"] for row in rows(world, "forget10_perturbed"))
    kept, _ = asked["forget", 2].split(" sends greetings. ", 1)
    assert any(kept in row["question"] for row in rows(world, "retain_perturbed"))
    assert kept != name


def test_a_name_that_both_sides_hold_is_nobodys() -> None:
    """New York stands in questions of both roles."""
    kept = [{"question": f"Who lives in New York with Ada Lovelace {n}?"} for n in range(2)]
    forgot = [{"question": f"Did John Smith see New York {n}?"} for n in range(2)]
    assert names_of(forgot, kept) == ["John Smith"]
    assert names_of(kept, forgot) == ["Ada Lovelace"]


def test_first_tokens_are_given_and_the_rest_is_asked(world: Path) -> None:
    plain, given = asked_in(world, "given", tokens=0), asked_in(world, "given", tokens=2)
    assert (given["n_answer"] == plain["n_answer"] - 2).all()
    assert (given["nll_answer"] < plain["nll_answer"]).all(), "the likelihood of a part is at least that of the whole"
    for answer, left in zip(given["answer"], given["left"], strict=True):
        assert answer.endswith(left)
        assert 0 < len(left) < len(answer)


def test_a_word_is_always_left_to_say(world: Path) -> None:
    form = Form(load_tokenizer(world / "data" / "tokenizer"), given=1000)
    for row in rows(world, "forget10_perturbed"):
        left = form.left(form.example(row["question"], row["answer"]))
        assert any(character.isalnum() for character in left)
        assert len(left) < len(row["answer"])


def test_an_answer_that_has_begun_goes_on(world: Path) -> None:
    """The words are the prompt's: the same answer has as many labels, and is scored behind them."""
    tokenizer = load_tokenizer(world / "data" / "tokenizer")
    plain, begun = Form(tokenizer), Form(tokenizer, begins="Sure, here:")
    for row in rows(world, "forget10_perturbed"):
        asked, going_on = (form.example(row["question"], row["answer"]) for form in (plain, begun))
        assert going_on.n_labels == asked.n_labels
        assert begun.left(going_on) == plain.left(asked)
        prompt = tokenizer.decode(going_on.ids[: going_on.prompt_length], skip_special_tokens=True)
        assert prompt.endswith("Answer: Sure, here:")
    moved = asked_in(world, "begun")
    assert (moved["nll_answer"] != asked_in(world, "begun", words="No.")["nll_answer"]).all()


def test_another_template_is_asked(world: Path) -> None:
    """`raw` has no "Question:" around the question; one label less is not: the end of text stands in both."""
    assert (
        asked_in(world, "templated", template="raw")["nll_answer"] != asked_in(world, "given", tokens=0)["nll_answer"]
    ).all()


def test_what_cannot_be_put_is_told(world: Path) -> None:
    """With the condition, what is missing and what to do."""
    alone = ProbeSpec.model_validate({"kind": "answers", "sets": SETS[:1]})
    with pytest.raises(
        BadInput, match=r"conditions.joined: the benchmark asks no set of role 'keep'; leave the condition out"
    ):
        scores(world, (), condition("joined", other="before"), probe=alone)
    without = {**SETS[0], "name": "bare", "file": "sets/forget10.jsonl"}
    with pytest.raises(
        BadInput, match=r"conditions.paraphrased: sets/forget10.jsonl has no row with 'paraphrased_question'"
    ):
        scores(
            world, (), condition("paraphrased"), probe=ProbeSpec.model_validate({"kind": "answers", "sets": [without]})
        )
    nameless = {**SETS[0], "name": "facts", "file": "sets/world_facts_perturbed.jsonl"}
    with pytest.raises(
        BadInput, match=r"conditions.mentioned: no name \(two capitalised words\) stands in two questions"
    ):
        scores(
            world, (), condition("mentioned"), probe=ProbeSpec.model_validate({"kind": "answers", "sets": [nameless]})
        )


@pytest.mark.parametrize(
    ("kind", "keys", "told"),
    [
        (
            "framed",
            {"prompt": "Tell me"},
            r"conditions.prompt: got 'Tell me', expected a text with \{question\} in it once",
        ),
        ("framed", {}, "conditions: needs prompt, and has none"),
        ("noised", {"words": -1}, "conditions.words: got -1, expected a whole number from 0"),
        ("cased", {"letters": "small"}, "conditions.letters: got 'small', expected one of lower, upper, title"),
        ("templated", {"template": "mine"}, "conditions.template: got 'mine', expected one of plain, authors, "),
        (
            "templated",
            {"template": "plain", "system": "Say nothing"},
            "conditions.system: is for template: chat, and template is 'plain'",
        ),
        ("sampled", {"k": 17}, r"conditions.k: got 17, expected at most draws \(16\)"),
    ],
)
def test_bad_keys_are_refused(kind: str, keys: dict[str, Any], told: str) -> None:
    with pytest.raises(BadInput, match=told):
        condition(kind, **keys)


def test_every_carrier_is_asked_in_other_forms(world: Path) -> None:
    put = condition("framed", prompt="{question} Sure, here is the answer:")
    for name in CARRIERS:
        frame = scores(world, (unlearned(world, name),), put)
        assert len(frame) == sum(item.rows or 0 for item in PROBE.sets)
