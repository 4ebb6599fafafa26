"""What evaluation computes, from the declarations of the shipped studies."""

import pytest

from grunflow.benchmarks.base import declared
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
    found = asked(tofu, [asks], 256, 16)
    # 200 questions: a prompt of 28 tokens, seven answers of 36 and half of 256 new tokens; 13 batches.
    assert found.scored.tokens == 200 * (28 + 7 * 36 + 128)
    assert found.reads == 13 * 128
    assert found.longest == tofu.lengths.longest
    again = asks.model_copy(update={"sets": (asks.sets[0].model_copy(update={"max_new_tokens": 10, "rows": 16}),)})
    assert asked(tofu, [again], 256, 16).reads == 5
    twice = asked(tofu, [asks, asks], 256, 16)
    assert (twice.reads, twice.scored.rows) == (2 * found.reads, 400)


@pytest.mark.parametrize(("kind", "texts"), [("choice", 4), ("letters", 1)])
def test_every_option_of_a_multiple_choice_question_is_a_text_of_its_own(kind: str, texts: int) -> None:
    wmdp = benchmark("paper", "wmdp")
    probe = ProbeSpec(kind=kind, sets=(DataSet(name="wmdp_bio", role="forget", file=""),))
    found = asked(wmdp, [probe], 256, 16)
    assert found.scored.rows == texts * 1273
    assert (found.reads, found.longest) == (0, LONGEST_QUESTION)


def test_corpora_are_taken_for_as_long_as_they_are_cut_and_rows_for_as_many_as_are_taken() -> None:
    wmdp = benchmark("paper", "wmdp")
    files = {"bio": "corpora/forget/bio.jsonl", "cyber": "corpora/forget/cyber.jsonl"}
    cut = Turns(forget=files, retain="corpora/retain.jsonl", texts=Cut(max_tokens=100, samples=30, fraction=0.5))
    assert reads.lengths(wmdp, cut) == (50, 50, 1.0, 100)
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
