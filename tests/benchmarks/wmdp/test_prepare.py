"""WMDP's data: the benign domains, local corpora and questions, and what bad ones are told."""

from pathlib import Path

import pytest

from grunflow.benchmarks.wmdp import craft
from grunflow.benchmarks.wmdp.keys import Craft, Keys, Source, Sources, Tasks
from grunflow.benchmarks.wmdp.prepare import prepare
from grunflow.config.typed import typed
from grunflow.data.records import read_rows
from grunflow.errors import BadInput

BIO = Tasks(forget=("wmdp_bio",))


def test_the_domains_follow_from_the_seed_and_no_evaluated_question_is_a_summary() -> None:
    world, same, other = (craft.generate(Craft(seed=seed, things=8)) for seed in (0, 0, 1))
    assert world == same != other
    for domain, rows in world.questions.items():
        assert len(rows) == 32
        assert all(len(set(row["choices"])) == 4 for row in rows)
        assert 4 < sum(row["answer"] == 0 for row in rows) < 16
        asked = {row["question"] for row in rows}
        assert not [row for row in world.summaries[domain] if row["question"] in asked]
        assert not [text for text in world.documents[domain] if " N " in text or " V" in text.replace(" Village", "")]


def test_the_made_up_domains_are_written_with_questions_and_tokenizer(tmp_path: Path) -> None:
    keys = Keys(sources=Sources(craft=Craft(things=8)), tasks=Tasks(forget=("forget_domain",)))
    prepare(keys, 400, tmp_path)
    assert len(read_rows(tmp_path / "corpora" / "forget" / "forget_domain.jsonl", ("text",))) == 16
    assert len(read_rows(tmp_path / "summaries" / "retain.jsonl")) == 32
    assert len(read_rows(tmp_path / "sets" / "forget_domain.jsonl", ("question", "choices", "answer"))) == 32
    assert {path.name for path in tmp_path.iterdir()} == {"corpora", "summaries", "sets", "base.jsonl", "tokenizer"}
    with pytest.raises(BadInput, match=r"config\.benchmarks\.wmdp: the made-up domains are forget_domain and retain"):
        typed(Keys, {"sources": {"craft": {}}, "tasks": {"forget": ["mmlu"]}}, "config.benchmarks.wmdp")


@pytest.fixture
def local(tmp_path: Path) -> dict[str, Source]:
    (tmp_path / "forget.jsonl").write_text('{"text": "a made-up text\u2028 of two lines"}\n{"text": "plain line"}\n')
    (tmp_path / "retain.jsonl").write_text('{"text": "kept"}\n')
    (tmp_path / "empty.jsonl").write_text("")
    return {name: Source(file=str(tmp_path / f"{name}.jsonl")) for name in ("forget", "retain", "empty", "gone")}


def prepared(local: dict[str, Source], out: Path, **changes) -> Path:
    sources = Sources(**{"forget": {"bio": local["forget"]}, "retain": local["retain"], **changes})
    prepare(Keys(sources=sources, tasks=BIO), 300, out)
    return out


@pytest.mark.filterwarnings("ignore")
def test_local_corpora_are_read_and_summaries_stand_beside_them(local, tmp_path: Path) -> None:
    out = prepared(local, tmp_path / "out", summaries={"bio": local["retain"]})
    texts = [row["text"] for row in read_rows(out / "corpora" / "forget" / "bio.jsonl", ("text",))]
    assert texts == ["a made-up text\u2028 of two lines", "plain line"]
    assert read_rows(out / "summaries" / "retain.jsonl", ("text",)) == [{"text": "kept"}]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"retain": "empty"}, r"wmdp\.sources\.retain: .*empty\.jsonl is empty"),
        ({"forget": "gone"}, r"wmdp\.sources\.forget\.bio: .*gone\.jsonl: cannot read it"),
        ({"forget": "both"}, r"wmdp\.sources\.forget\.bio: give exactly one of file and repo"),
        ({"forget": "field"}, r"wmdp\.sources\.forget\.bio: .*retain\.jsonl line 1: no key 'body', got text"),
    ],
)
def test_a_bad_corpus_is_named_by_its_key(local, tmp_path: Path, changes, message: str) -> None:
    local |= {
        "both": Source(file="x", repo="y"),
        "field": local["retain"].model_copy(update={"field": "body"}),
    }
    given = {key: {"bio": local[name]} if key == "forget" else local[name] for key, name in changes.items()}
    with pytest.raises(BadInput, match=message):
        prepared(local, tmp_path / "out", **given)


@pytest.mark.filterwarnings("ignore")
def test_questions_are_checked_before_anything_is_trained_and_stored_in_one_form(local, tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text(
        '{"question": "Which?", "choices": ["w", "r", "x", "y"], "answer": "B"}\n'
        '{"question": "Which?", "corrtect": "r", "in_correct_choices": ["w", "x", "y"]}\n'
    )
    questions = {"wmdp_bio": Source(file=str(path))}
    out = prepared(local, tmp_path / "out", questions=questions)
    rows = read_rows(out / "sets" / "wmdp_bio.jsonl", ("question", "choices", "answer"))
    assert [row["choices"][row["answer"]] for row in rows] == ["r", "r"]
    path.write_text('{"question": "Which?", "choices": ["w", "r", "x", "y"], "answer": 4}\n')
    message = (
        r"wmdp\.sources\.questions\.wmdp_bio: .*questions\.jsonl line 1\.answer: got 4, expected a number from 0 to 3"
    )
    with pytest.raises(BadInput, match=message):
        prepared(local, tmp_path / "again", questions=questions)
