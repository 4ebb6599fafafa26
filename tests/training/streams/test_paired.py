"""Questions as a run reads them: a refusal and retain rows beside each, every purpose with a generator of its own."""

import json
from itertools import islice
from pathlib import Path

import pytest

from grunflow.config.sets import Paired
from grunflow.data.records import write_rows
from grunflow.data.tokenizer import train_tokenizer
from grunflow.training.streams.base import Needs
from grunflow.training.streams.paired import Questions, shared

FILES = {"forget": 6, "retain": 20, "replay": 9, "beside": 4}


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(["Question: forget retain replay beside?\nAnswer: I do not know. 0 1 2"], 300)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name, count in FILES.items():
        rows = [{"question": f"{name} {number}?", "answer": str(number)} for number in range(count)]
        write_rows(tmp_path / f"{name}.jsonl", rows)
    (tmp_path / "refusals.json").write_text(json.dumps(["I do not know.", "No idea.", "Ask me not."]))
    return tmp_path


def spec(**more) -> Paired:
    names = {name: f"{name}.jsonl" for name in FILES}
    return Paired(refusals="refusals.json", **{**names, **more})


def stream(data: Path, tokenizer, seed: int = 0, needs: Needs = Needs(True, True, True, 4), **more) -> Questions:  # noqa: B008
    return Questions(spec(**more), data, tokenizer, "plain", seed, needs)


def test_a_step_reads_each_row_with_its_refusal_and_as_many_to_keep(data: Path, tokenizer) -> None:
    found = stream(data, tokenizer)
    reading = found.read(next(found.order()))
    assert len(reading.forget) == len(reading.keep) == 4
    for answered, refused in reading.forget:
        asked = [tokenizer.decode(item.ids[: item.prompt_length]) for item in (answered, refused)]
        assert asked[0] == asked[1]
        assert answered.ids != refused.ids
    lengths = [len(answered.ids) + len(refused.ids) for answered, refused in reading.forget]
    assert lengths == sorted(lengths)


def test_what_a_method_does_not_read_is_left_out_and_moves_nothing_else(data: Path, tokenizer) -> None:
    whole, bare = stream(data, tokenizer), stream(data, tokenizer, needs=Needs(True, False, False, 4))
    rows = [[[row for row, _ in step] for step in islice(found.order(), 9)] for found in (whole, bare)]
    assert rows[0] == rows[1]
    reading = bare.read(next(bare.order()))
    assert reading.keep == []
    assert all(refused is None for _, refused in reading.forget)
    assert bare.refusals == []
    assert len(whole.compared()) == 2 * FILES["forget"]


def test_replayed_rows_change_no_order_and_are_drawn_by_the_seed(data: Path, tokenizer) -> None:
    plain, more = stream(data, tokenizer), stream(data, tokenizer, replayed=3)
    assert len(plain.retain) == FILES["retain"]
    assert len(more.retain) == FILES["retain"] + 3 + FILES["beside"]
    orders = [[[row for row, _ in step] for step in islice(found.order(), 9)] for found in (plain, more)]
    assert orders[0] == orders[1]
    drawn = {tuple(tuple(item.ids) for item in stream(data, tokenizer, seed, replayed=3).retain) for seed in range(4)}
    assert len(drawn) > 1


@pytest.mark.parametrize(("sampling", "count"), [("fresh", 26), ("fixed_partner", 12)])
def test_what_any_seed_may_read_covers_what_a_run_reads(data: Path, tokenizer, sampling: str, count: int) -> None:
    found = shared(spec(sampling=sampling), data, tokenizer, "plain")
    assert len(found) <= count
    known = {tuple(item.ids) for item in found}
    for seed in range(3):
        run = stream(data, tokenizer, seed, Needs(True, False, True, 4), sampling=sampling)
        for step in islice(run.order(), 12):
            reading = run.read(step)
            assert {tuple(item.ids) for item in (*reading.keep, *(row for row, _ in reading.forget))} <= known
