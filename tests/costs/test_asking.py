"""What evaluation computes, from the declarations of the shipped studies."""

import pytest

from grunflow.benchmarks.base import Lengths, declared
from grunflow.config.reading import read_study
from grunflow.config.sets import Cut, DataSet, ProbeSpec, Turns
from grunflow.config.typed import read_yaml
from grunflow.costs import reads
from grunflow.costs.asking import LONGEST_QUESTION, asked


def benchmark(config: str, name: str):
    return declared(read_study(read_yaml(f"config/{config}.yaml", "config")).benchmark(name))


def test_answers_are_read_behind_one_prompt_and_generated_in_batches() -> None:
    tofu = benchmark("paper", "tofu")
    asks = ProbeSpec(
        kind="answers", sets=(DataSet(name="forget", role="forget", file="sets/forget05_perturbed.jsonl"),)
    )
    found = asked(tofu, [asks], 256, 16, 32)
    # 200 questions: a prompt of 24 tokens, without the head, seven answers of 35 and half of 256 new tokens; 13 batches.
    assert found.scored.tokens == 200 * (24 + 7 * 35 + 128)
    assert found.scored.silent == 200 * 24
    assert found.reads == 13 * 128
    assert found.longest == tofu.lengths.longest
    assert found.remembered == 24 + (round(24 * tofu.lengths.padded) + 256)
    again = asks.model_copy(update={"sets": (asks.sets[0].model_copy(update={"max_new_tokens": 10, "rows": 16}),)})
    assert asked(tofu, [again], 256, 16, 32).reads == 5
    twice = asked(tofu, [asks, asks], 256, 16, 32)
    assert (twice.reads, twice.scored.rows) == (2 * found.reads, 400)


def test_questions_of_the_world_have_short_answers_and_fewer_of_them() -> None:
    """A name or a place among four, once more as its own paraphrase; a snapshot asks the right answer alone."""
    tofu = benchmark("paper", "tofu")
    names = DataSet(name="world_facts", role="world", file="sets/world_facts_perturbed.jsonl")
    told = ProbeSpec(kind="answers", sets=(names,), options={"written": False})
    assert asked(tofu, [told], 256, 16, 32).scored.tokens == 117 * (19 + 5 * 4)
    assert asked(tofu, [told], 256, 16, 32).remembered == 19
    right = told.model_copy(update={"options": {"written": False, "others": False}})
    assert asked(tofu, [right], 256, 16, 32).scored.tokens == 117 * (19 + 4)


@pytest.mark.parametrize(
    ("kind", "name", "texts"), [("choice", "wmdp_bio", 1), ("choice", "arc_easy", 4), ("letters", "wmdp_bio", 1)]
)
def test_options_of_a_question_are_texts_of_their_own_but_for_letters(kind: str, name: str, texts: int) -> None:
    """lm-eval's WMDP and MMLU offer A to D: the question is read once for all four."""
    wmdp = benchmark("paper", "wmdp")
    probe = ProbeSpec(kind=kind, sets=(DataSet(name=name, role="forget", file="", rows=1273),))
    found = asked(wmdp, [probe], 256, 16, 32)
    assert found.scored.rows == texts * 1273
    assert (found.reads, found.longest) == (0, LONGEST_QUESTION)


def test_made_up_questions_are_as_short_as_they_are() -> None:
    wmdp = benchmark("demo", "wmdp")
    probe = ProbeSpec(
        kind="choice", sets=(DataSet(name="forget_domain", role="forget", file="sets/forget_domain.jsonl"),)
    )
    found = asked(wmdp, [probe], 256, 16, 32)
    assert found.scored.tokens == found.scored.rows * (14 + 4)
    assert found.longest == 40
    few = probe.model_copy(update={"options": {"limit": 20}})
    assert asked(wmdp, [few], 256, 16, 32).scored.rows == 4 * 20


def test_corpora_are_taken_for_as_long_as_they_are_cut_and_rows_for_as_many_as_are_taken() -> None:
    wmdp = benchmark("paper", "wmdp")
    files = {"bio": "corpora/forget/bio.jsonl", "cyber": "corpora/forget/cyber.jsonl"}
    cut = Turns(forget=files, retain="corpora/retain.jsonl", texts=Cut(max_tokens=100, samples=30, fraction=0.5))
    assert reads.lengths(wmdp, cut) == Lengths(50, 50, 1.0, 100)
    assert reads.forgotten(wmdp, cut) == 60
    whole = cut.model_copy(update={"texts": Cut(max_tokens=1000)})
    assert reads.lengths(wmdp, whole).longest == 1000
    assert reads.forgotten(wmdp, whole) == 25000


def test_of_the_retain_rows_only_fixed_partners_are_read() -> None:
    tofu = benchmark("paper", "tofu")
    fixed = tofu.stream(True, "fixed_partner", {})
    assert reads.kept(tofu, fixed) == reads.forgotten(tofu, fixed) == 200
    assert reads.kept(tofu, tofu.stream(True, "fresh", {})) == 3800


def test_prompts_of_a_chat_are_planned_longer() -> None:
    """A date, a system prompt and the marks of three turns stand around a question."""
    study = read_study(read_yaml("config/tofu_1b.yaml", "config"))
    own = benchmark("tofu_1b", "tofu").lengths
    longer = reads.in_form(own, study.conventions)
    assert (longer.prompt, longer.longest) == (own.prompt + reads.CHAT_TOKENS, own.longest + reads.CHAT_TOKENS)
    assert reads.in_form(own, read_study(read_yaml("config/paper.yaml", "config")).conventions) == own


def test_every_drawn_answer_is_written() -> None:
    tofu = benchmark("paper", "tofu")
    names = (DataSet(name="forget", role="forget", file="sets/forget05_perturbed.jsonl"),)
    drawn = ProbeSpec(kind="samples", sets=names, options={"draws": 16})
    one = ProbeSpec(kind="samples", sets=names, options={"draws": 1})
    more = asked(tofu, [drawn], 256, 16, 32).scored.tokens - asked(tofu, [one], 256, 16, 32).scored.tokens
    assert more == 200 * 15 * 128  # the prompt is read once for all


def test_a_limit_is_of_each_task_of_a_group() -> None:
    """lm-eval takes the first so many questions of each of MMLU's 57 subjects."""
    wmdp = benchmark("paper", "wmdp")
    probe = wmdp.snapshot(20)
    assert {item.name for item in probe.sets} >= {"wmdp_bio", "mmlu"}
    assert asked(wmdp, [probe], 256, 16, 32).scored.rows == sum(
        20 * (57 if item.name == "mmlu" else 1) for item in probe.sets
    )
    given = read_yaml("config/paper.yaml", "config")
    given["benchmarks"]["wmdp"]["limit"] = 100
    assert declared(read_study(given).benchmark("wmdp")).rows["mmlu"] == 57 * 100
