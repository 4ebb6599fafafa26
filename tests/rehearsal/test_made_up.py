"""Made-up rows are of the form that each benchmark's own readers take."""

from pathlib import Path
from typing import Any

import pytest

from grunflow.benchmarks import muse
from grunflow.benchmarks.tofu import published
from grunflow.benchmarks.tofu.keys import Keys as TofuKeys
from grunflow.benchmarks.tofu.splits import HOLDOUT, TOFU_ROWS
from grunflow.benchmarks.wmdp.keys import Keys as WmdpKeys
from grunflow.config.benchmarks import BenchmarkSpec
from grunflow.config.sets import Source
from grunflow.data.reading import read_objects
from grunflow.data.records import write_rows
from grunflow.data.sources import read_questions, read_texts
from grunflow.rehearsal import benchmarks
from grunflow.rehearsal.words import TEXTS

CORPORA = {"forget": {"a": {"repo": "o/a", "field": "body"}, "b": {"repo": "o/many", "config": "b"}},
           "retain": {"repo": "o/many", "config": "kept", "split": "test"},
           "questions": {"mmlu": {"repo": "o/asked", "split": "test"}}}  # fmt: skip
TASKS = {"forget": ["wmdp_bio"], "keep": ["mmlu"]}


def spec_of(kind: str, **keys: Any) -> BenchmarkSpec:
    return BenchmarkSpec(name="mine", kind=kind, keys=keys)


def test_tofus_records_are_read_as_the_published_ones(tmp_path: Path) -> None:
    (rows,) = benchmarks.made_up(spec_of("tofu")).values()
    for split, found in rows.items():
        write_rows(tmp_path / f"{split}.json", found["train"])
    few = benchmarks.fewer(spec_of("tofu"))
    records = published.load(TofuKeys(folder=str(tmp_path), **few))
    assert records.keys() == {*TOFU_ROWS, "holdout"}
    assert (tmp_path / f"{HOLDOUT}.json").is_file()
    assert len(records["retain_perturbed"]) == 20  # every second row of two authors
    asked = [row["question"] for row in records["full"]]
    assert len(set(asked)) == len(asked)
    assert {row["question"] for row in records["forget05_perturbed"]} <= set(asked)


def test_texts_and_questions_are_read_as_wmdps(tmp_path: Path) -> None:
    found = benchmarks.made_up(spec_of("wmdp", sources=CORPORA, tasks=TASKS))
    assert found.keys() == {"o/a", "o/many", "o/asked"}
    assert found["o/many"].keys() == {"b", "kept"}
    for repo, config, split, field in (("o/a", "default", "train", "body"), ("o/many", "kept", "test", "text")):
        write_rows(tmp_path / "texts.jsonl", found[repo][config][split])
        texts = read_texts(Source(file=str(tmp_path / "texts.jsonl"), field=field), "k")
        assert len(texts) > TEXTS
        assert min(len(row["text"]) for row in texts) > 200  # of paper.yaml's min_length
    write_rows(tmp_path / "asked.jsonl", found["o/asked"]["default"]["test"])
    assert {len(row["choices"]) for row in read_questions(Source(file=str(tmp_path / "asked.jsonl")), "k")} == {4}


def test_texts_are_read_as_muses(tmp_path: Path) -> None:
    few = benchmarks.fewer(spec_of("muse"))
    ((repo, found),) = benchmarks.made_up(spec_of("muse")).items()
    assert repo == "muse-bench/MUSE-News"
    for config, splits in found.items():
        for split, rows in splits.items():
            write_rows(tmp_path / "in" / config / f"{split}.json", rows)
    muse.prepare(muse.Keys(folder=str(tmp_path / "in"), **few), 300, tmp_path / "out")
    for name in ("sets/verbmem_f", "sets/knowmem_r", "sets/holdout"):
        assert len(read_objects(tmp_path / "out" / f"{name}.jsonl")) == TEXTS
    assert len(read_objects(tmp_path / "out" / "raw" / "forget.jsonl")) >= TEXTS


@pytest.mark.parametrize(
    ("kind", "keys"), [("tofu", {"folder": "x"}), ("tofu", {"world": {}}), ("muse", {"folder": "x"})]
)
def test_what_is_local_is_not_made_up(kind: str, keys: dict[str, Any]) -> None:
    assert benchmarks.made_up(spec_of(kind, **keys)) == {}


def test_generated_worlds_are_made_small_and_keep_their_seed() -> None:
    world = benchmarks.fewer(spec_of("tofu", world={"seed": 7, "authors": 40}))["world"]
    assert (world["seed"], world["authors"], world["facts"]) == (7, 10, 8)
    craft = {"sources": {"craft": {"seed": 3, "things": 24}}, "tasks": {"forget": ["forget_domain"]}}
    assert benchmarks.fewer(spec_of("wmdp", **craft))["sources"] == {"craft": {"seed": 3, "things": 8}}
    assert WmdpKeys(**craft | benchmarks.fewer(spec_of("wmdp", **craft))).limit == 2
