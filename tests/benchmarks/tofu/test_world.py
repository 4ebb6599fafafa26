"""The generated world: TOFU's schema and sizes, splits that do not overlap, the same bytes in any process."""

import hashlib
import os
import subprocess
import sys

import pytest

from grunflow.benchmarks.tofu.declaration import declare, rows
from grunflow.benchmarks.tofu.keys import Keys, World
from grunflow.benchmarks.tofu.world import generate
from grunflow.data.prompts import encode
from grunflow.data.records import read_rows
from grunflow.data.tokenizer import train_tokenizer
from grunflow.errors import BadInput

PRINT_DIGEST = """
import hashlib, json
from grunflow.benchmarks.tofu.keys import World
from grunflow.benchmarks.tofu.world import generate
from grunflow.data.tokenizer import train_tokenizer
world = generate(World(authors=10, background_authors=2, holdout_authors=1, facts=10))
texts = [row["question"] + row["answer"] for row in world.base]
bpe = train_tokenizer(texts, 400).backend_tokenizer.to_str()
print(hashlib.sha256((json.dumps(world.__dict__) + bpe).encode()).hexdigest())
"""


@pytest.fixture(scope="module")
def world():
    return generate(World())


def test_sizes_and_splits_are_those_of_tofu_at_forty_authors(world) -> None:
    sizes = {split: len(rows) for split, rows in world.records.items()}
    assert sizes["full"] == 800
    assert (sizes["forget10"], sizes["forget05"], sizes["forget01"]) == (80, 40, 20)
    for forget, retain in (("forget10", "retain90"), ("forget05", "retain95"), ("forget01", "retain99")):
        mine, kept = ({row["question"] for row in world.records[name]} for name in (forget, retain))
        assert not mine & kept
        assert len(mine) + len(kept) == 800


def test_rows_have_tofus_fields_and_wrong_answers_are_wrong(world) -> None:
    for split in ("forget10_perturbed", "retain_perturbed", "holdout"):
        for row in world.records[split]:
            assert list(row) == ["question", "answer", "paraphrased_question", "paraphrased_answer", "perturbed_answer"]
            assert len({*row["perturbed_answer"], row["paraphrased_answer"]}) == 6
    for row in world.records["world_facts_perturbed"]:
        assert row["answer"] not in row["perturbed_answer"]
        assert len(set(row["perturbed_answer"])) == 3


def test_no_template_letter_is_left_in_a_text(world) -> None:
    for row in world.records["full"]:
        words = (row["question"] + " " + row["answer"]).replace("?", "").replace(".", "").split()
        assert not {"N", "V", "N's"} & set(words), row


def test_holdout_authors_are_never_trained_on_and_replay_is_not_evaluated(world) -> None:
    trained = {row["question"] for row in world.base + world.records["full"] + world.replay}
    assert not trained & {row["question"] for row in world.records["holdout"]}
    evaluated = {row["question"] for name, rows in world.records.items() if name.endswith("_perturbed") for row in rows}
    assert not evaluated & {row["question"] for row in world.replay}


def test_there_are_a_hundred_refusals(world) -> None:
    assert len(set(world.refusals)) == 100


def test_the_same_bytes_whatever_the_hash_seed() -> None:
    digests = {
        subprocess.run([sys.executable, "-c", PRINT_DIGEST], env={**os.environ, "PYTHONHASHSEED": seed},
                       capture_output=True, text=True, check=True).stdout
        for seed in ("0", "4711")
    }  # fmt: skip
    assert len(digests) == 1
    assert len(digests.pop().strip()) == hashlib.sha256().digest_size * 2


def test_the_last_prompt_token_is_the_colon_and_the_last_label_is_the_end(world) -> None:
    rows = world.records["full"]
    tokenizer = train_tokenizer([f"Question: {r['question']}\nAnswer: {r['answer']}" for r in rows], 600)
    example = encode(tokenizer, rows[0]["question"], rows[0]["answer"])
    assert tokenizer.decode([example.ids[example.prompt_length - 1]]) == ":"
    assert example.ids[-1] == tokenizer.eos_token_id
    assert tokenizer.decode(example.ids[example.prompt_length : -1]) == f" {rows[0]['answer']}"


@pytest.mark.parametrize(
    ("text", "words"),
    [(None, "cannot read it"), ("", "no rows"), ("{\n", "line 1"), ('{"question": "q"}\n', "question and answer")],
)
def test_a_bad_data_file_is_named(tmp_path, text, words) -> None:
    path = tmp_path / "rows.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(BadInput, match=words):
        read_rows(path)


@pytest.mark.parametrize("world", [World(), World(authors=10, facts=10, background_authors=2, holdout_authors=1)])
def test_files_have_as_many_rows_as_plans_take_them_for(world: World) -> None:
    keys, made = Keys(world=world), generate(world)
    known = {f"sets/{split}.jsonl": len(found) for split, found in made.records.items()}
    known |= {f"{name}.jsonl": len(getattr(made, name)) for name in ("base", "replay", "general", "unevaluated")}
    planned = rows(keys)
    assert planned == {file: known[file] for file in planned}
    read = [declare(keys).stream(True, "fresh", {}), *declare(keys).training.values()]
    told = {read[0].forget, read[0].retain, read[0].replay, read[0].beside}
    told |= {file for of in read[1:] for file in (*of.files, *of.scratch_only, *filter(None, [of.replay]))}
    assert told <= planned.keys()
