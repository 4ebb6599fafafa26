"""Corpora as a run reads them: cut, edited at a fraction, forget corpora in turns."""

from pathlib import Path

import pytest

from grunflow.config.sets import Turns
from grunflow.data.records import write_rows
from grunflow.data.tokenizer import train_tokenizer
from grunflow.errors import BadInput
from grunflow.training.streams.base import Needs, check_labels
from grunflow.training.streams.turns import Corpora, examples_of, shared

LINE = "one two three four five six seven eight nine ten"


def spec(**texts) -> Turns:
    return Turns.model_validate(
        {"forget": {"bio": "forget/bio.jsonl", "cyber": "forget/cyber.jsonl"}, "retain": "retain.jsonl", "texts": texts}
    )


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer([LINE], 300)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Corpora of 3 and 5 texts, and 7 to keep; the first words tell them apart."""
    for file, count in (("forget/bio", 3), ("forget/cyber", 5), ("retain", 7)):
        write_rows(tmp_path / f"{file}.jsonl", [{"text": f"{file} {number} {LINE}"} for number in range(count)])
    return tmp_path


def test_texts_are_filtered_cut_and_edited_at_a_fraction(tmp_path: Path, tokenizer) -> None:
    path = tmp_path / "corpora" / "texts.jsonl"
    write_rows(path, [{"text": "short"}, {"text": LINE}])
    (example,) = examples_of(path, spec(min_length=10, max_tokens=8, fraction=0.8), tokenizer, "plain")
    assert (len(example.ids), example.prompt_length) == (8, 6)
    assert len(examples_of(path, spec(samples=1), tokenizer, "plain")) == 1
    with pytest.raises(BadInput, match=r"texts\.min_length: got 99, but the longest of 2 texts .* has 48 char"):
        examples_of(path, spec(min_length=99), tokenizer, "plain")


def test_questions_with_answers_are_edited_at_their_last_prompt_token(tmp_path: Path, tokenizer) -> None:
    write_rows(tmp_path / "rows.jsonl", [{"question": "one?", "answer": "two three"}])
    (example,) = examples_of(tmp_path / "rows.jsonl", spec(), tokenizer, "plain")
    assert tokenizer.decode(example.ids[: example.prompt_length]).endswith("Answer:")


def test_corpora_take_turns_in_whole_batches(data: Path, tokenizer) -> None:
    stream = Corpora(spec(), data, tokenizer, "plain", 0, Needs(True, False, True, 2))
    steps = stream.order()
    first = [next(steps) for _ in range(8)]
    assert [{corpus for corpus, _ in rows} for rows, _ in first] == [{"bio"}, {"cyber"}] * 4
    assert {len(part) for step in first for part in step} == {2}
    assert {index for rows, _ in first for corpus, index in rows if corpus == "bio"} == {0, 1, 2}
    assert stream.rows == 8
    reading = stream.read(first[1])
    texts = [tokenizer.decode(example.ids) for example, _ in reading.forget]
    assert all(text.startswith("forget/cyber") for text in texts)
    assert all(tokenizer.decode(example.ids).startswith("retain") for example in reading.keep)


def test_mixed_a_pass_reads_every_text_once_and_partners_may_be_fixed(data: Path, tokenizer) -> None:
    needs = Needs(True, False, True, 3)
    steps = Corpora(spec(mixed=True), data, tokenizer, "plain", 0, needs).order()
    first = [next(steps) for _ in range(3)]
    assert [len(rows) for rows, _ in first] == [len(kept) for _, kept in first] == [3, 3, 2]
    assert len({row for rows, _ in first for row in rows}) == 8
    fixed = spec(mixed=True).model_copy(update={"sampling": "fixed_partner"})
    steps = Corpora(fixed, data, tokenizer, "plain", 0, needs).order()
    passes = [dict(zip(*map(tuple, step), strict=True)) for step in (next(steps) for _ in range(6))]
    first, second = (
        {row: beside for step in part for row, beside in step.items()} for part in (passes[:3], passes[3:])
    )
    assert first == second


def test_order_follows_from_the_seed_and_nothing_is_kept_where_nothing_reads_it(data: Path, tokenizer) -> None:
    def drawn(seed: int, keeps: bool = True) -> list:
        steps = Corpora(spec(), data, tokenizer, "plain", seed, Needs(True, False, keeps, 2)).order()
        return [next(steps) for _ in range(20)]

    assert drawn(0) == drawn(0, keeps=False) != drawn(1)
    stream = Corpora(spec(), data, tokenizer, "plain", 0, Needs(True, False, False, 2))
    assert stream.read(drawn(0)[0]).keep == []


def test_what_is_shared_is_all_that_any_seed_reads(data: Path, tokenizer) -> None:
    assert len(shared(spec(), data, tokenizer, "plain")) == 3 + 5 + 7


def test_texts_without_a_token_behind_the_edited_one_are_named(tmp_path: Path, tokenizer) -> None:
    """Their loss would be the mean of nothing, and the learning rate be blamed for it."""
    write_rows(tmp_path / "texts.jsonl", [{"text": LINE}, {"text": "one"}])
    examples = examples_of(tmp_path / "texts.jsonl", spec(fraction=1.0), tokenizer, "plain")
    with pytest.raises(
        BadInput, match=r"texts: 2 of 2 have no token behind the edited one, the first of them 'one two"
    ):
        check_labels(examples, tokenizer)
    check_labels(examples_of(tmp_path / "texts.jsonl", spec(fraction=0.5), tokenizer, "plain")[:1], tokenizer)
