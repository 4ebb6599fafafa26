"""The WMDP part's data: the benign domains, local corpora, and what bad ones are told."""

import json
from pathlib import Path

import pytest

from grunflow.config.wmdp import Craft, PrepareCorpora, Source, Sources, Texts, UnlearnWmdp
from grunflow.data import craft
from grunflow.data.records import read_rows, write_rows
from grunflow.data.tokenizer import train_tokenizer
from grunflow.errors import BadInput
from grunflow.evaluation.multiple_choice import items_of
from grunflow.stages import prepare_corpora
from grunflow.stages.unlearn_wmdp import examples_of, turns

METHOD = {
    "model": {"name": "tiny", "architecture": {}},
    "objective": {"name": "rmu", "layer": 1, "steering": 5},
    "carrier": {"name": "full"},
    "training": {"learning_rate": 1e-3, "steps": 6, "batch_size": 2},
    "unlearn_seed": 0,
}


def unlearn(**texts) -> UnlearnWmdp:
    return UnlearnWmdp.model_validate({**METHOD, "texts": texts})


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


def test_the_made_up_domains_are_written_with_tasks_and_tokenizer(tmp_path: Path) -> None:
    spec = PrepareCorpora(sources=Sources(craft=Craft(things=8)), tasks=("forget_domain",), vocabulary=400)
    prepare_corpora.run(spec, {}, tmp_path, 1)
    assert len(read_rows(tmp_path / "corpora" / "forget" / "forget_domain.json", ("text",))) == 16
    assert len(read_rows(tmp_path / "summaries" / "retain.json")) == 32
    assert {path.name for path in tmp_path.iterdir()} == {
        "corpora", "summaries", "questions", "tasks", "base.json", "tokenizer"}  # fmt: skip
    with pytest.raises(BadInput, match=r"wmdp\.tasks: got 'mmlu'; the made-up domains are forget_domain"):
        prepare_corpora.run(spec.model_copy(update={"tasks": ("mmlu",)}), {}, tmp_path, 1)


@pytest.fixture
def local(tmp_path: Path) -> dict[str, Source]:
    (tmp_path / "forget.jsonl").write_text('{"text": "a made-up text\u2028 of two lines"}\nplain line\n')
    (tmp_path / "retain.jsonl").write_text('{"text": "kept"}\n')
    (tmp_path / "empty.jsonl").write_text("")
    return {name: Source(file=str(tmp_path / f"{name}.jsonl")) for name in ("forget", "retain", "empty", "gone")}


def prepared(local, out: Path, **changes) -> Path:
    sources = Sources(**{"forget": {"bio": local["forget"]}, "retain": local["retain"], **changes})
    prepare_corpora.run(PrepareCorpora(sources=sources, tasks=("wmdp_bio",)), {}, out, 1)
    return out


@pytest.mark.filterwarnings("ignore")
def test_local_corpora_are_read_and_summaries_stand_beside_them(local, tmp_path: Path) -> None:
    out = prepared(local, tmp_path / "out", summaries={"bio": local["retain"]})
    texts = [row["text"] for row in read_rows(out / "corpora" / "forget" / "bio.json", ("text",))]
    assert texts == ["a made-up text\u2028 of two lines", "plain line"]
    assert read_rows(out / "summaries" / "retain.json", ("text",)) == [{"text": "kept"}]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"retain": "empty"}, r"wmdp\.sources\.retain: .*empty\.jsonl is empty"),
        ({"forget": "gone"}, r"wmdp\.sources\.forget\.bio\.file: cannot read .*gone\.jsonl"),
        ({"forget": "both"}, r"wmdp\.sources\.forget\.bio: give exactly one of file and repo"),
        ({"forget": "field"}, r"wmdp\.sources\.forget\.bio\.field: got 'body', expected one of"),
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


def test_texts_are_filtered_cut_and_edited_at_a_fraction(tmp_path: Path) -> None:
    path = tmp_path / "texts.json"
    write_rows(path, [{"text": "short"}, {"text": "one two three four five six seven eight nine ten"}])
    tokenizer = train_tokenizer(["one two three four five six seven eight nine ten"], 300)
    (example,) = examples_of(path, unlearn(min_length=10, max_tokens=8, fraction=0.8), tokenizer)
    assert (len(example.ids), example.prompt_length) == (8, 6)
    assert len(examples_of(path, unlearn(samples=1), tokenizer)) == 1
    with pytest.raises(BadInput, match=r"wmdp\.texts\.min_length: got 99, but the longest of 2 texts .* has 48 char"):
        examples_of(path, unlearn(min_length=99), tokenizer)


def test_domains_take_turns_in_whole_batches() -> None:
    steps = turns(unlearn(), {"bio": 3, "cyber": 5}, 4)
    first = [next(steps) for _ in range(8)]
    assert [domain for domain, _, _ in first] == [0, 1] * 4
    assert {len(rows) for _, rows, kept in first for rows in (rows, kept)} == {2}
    seen = sorted(index for domain, rows, _ in first if domain == 0 for index in rows)
    assert set(seen) == {0, 1, 2}


def test_the_authors_form_reads_both_kinds_of_rows() -> None:
    ours = [{"question": "Which?", "choices": ["w", "r", "x", "y"], "answer": 1}]
    theirs = [{"question": "Which?", "corrtect": "r", "in_correct_choices": ["w", "x", "y"]}]
    assert items_of(ours) == items_of(theirs)
    (item,) = items_of(ours)
    assert item.prompt.split("\n")[2 + item.label].endswith(". r")
    assert json.dumps(item.prompt).endswith('Answer: "')
    assert Texts().fraction == 0.8
