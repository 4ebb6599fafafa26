"""MUSE: its prompts, its cuts and its metrics, on a made-up News."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from grunflow.benchmarks import muse
from grunflow.benchmarks.base import BASE, RETAIN, RunScores, declared
from grunflow.benchmarks.loading import prepare
from grunflow.carriers.stack import Stack
from grunflow.config.benchmarks import BenchmarkSpec
from grunflow.config.sets import ProbeSpec
from grunflow.data.records import read_rows
from grunflow.errors import BadInput
from grunflow.evaluation import run_metrics
from grunflow.evaluation.asking import Asking
from grunflow.evaluation.probes import continuations
from grunflow.models.loading import load_model, load_tokenizer
from tests.benchmarks.made_up_news import articles, write_model, write_news


def keys(**values) -> muse.Keys:
    return muse.Keys(**values)


def prepared(folder: Path, **values) -> Path:
    news = write_news(folder / "news")
    prepare(BenchmarkSpec(name="muse", kind="muse", keys={"folder": str(news), **values}), 300, folder / "data")
    return folder / "data"


def scores(forget: list[float], unseen: list[float]) -> RunScores:
    """Min-40% of forget and of unseen texts: less likely texts score higher."""
    names = ["forget"] * len(forget) + ["holdout"] * len(unseen)
    return RunScores(pd.DataFrame(), {"membership": pd.DataFrame({"set": names, "min_k": forget + unseen})})


def against(run: RunScores, retain: RunScores) -> RunScores:
    return RunScores(run.questions, run.frames, {RETAIN: retain})


def test_the_repository_follows_from_the_corpus_unless_it_is_given() -> None:
    assert keys().repo == "muse-bench/MUSE-News"
    assert keys(corpus="books").repo == "muse-bench/MUSE-Books"
    assert keys(corpus="books", repo="mine/books").repo == "mine/books"
    with pytest.raises(ValidationError, match="corpus"):
        keys(corpus="letters")
    # What the data do not depend on prepares nothing again.
    assert keys(start="base", texts={"max_tokens": 64}).prepared() == keys().prepared()


def test_questions_come_behind_examples_and_end_where_the_answer_begins(tmp_path: Path) -> None:
    data = prepared(tmp_path)
    (_, example, told), (_, asked, answer), *others = articles("retain2")
    rows = read_rows(data / "sets" / "knowmem_r.jsonl")
    assert rows[0]["question"] == f"Question: {example}\nAnswer: {told}\n\nQuestion: {asked}\nAnswer:"
    assert rows[0]["answer"] == f" {answer}"
    assert len(rows) == 1 + len(others)
    assert {row["question"][-1] for row in read_rows(data / "sets" / "verbmem_f.jsonl")} & {" ", "\n"} == set()


@pytest.mark.parametrize(
    ("given", "prompt"), [(0.0, "News"), (0.5, "News from Arlo. Mayor Ada of Arlo opened the tower")]
)
def test_a_privleak_text_is_whole_in_prompt_and_answer(tmp_path: Path, given: float, prompt: str) -> None:
    data = prepared(tmp_path, given=given)
    rows = read_rows(data / "sets" / "forget.jsonl")
    assert [row["question"] + row["answer"] for row in rows] == [text for text, _, _ in articles("forget")]
    assert rows[0]["question"].startswith(prompt)
    assert {row["answer"][0] for row in rows} == {" "}


def test_corpora_are_joined_and_cut_and_nothing_is_lost(tmp_path: Path) -> None:
    data = prepared(tmp_path, characters=60)
    parts = [row["text"] for row in read_rows(data / "raw" / "retain1.jsonl", ("text",))]
    assert "".join(parts) == "\n\n".join(text for text, _, _ in articles("retain1"))
    assert max(map(len, parts)) <= 60
    assert len(parts) > 4


def test_a_continuation_is_held_against_as_many_tokens(tmp_path: Path) -> None:
    data, model = prepared(tmp_path), write_model(tmp_path / "model")
    tokenizer, stack = load_tokenizer(model), Stack(load_model(model))
    asking = Asking(tokenizer, stack, "fast", 64, 8, "plain", data, "test")
    asked = muse.SETS[0].model_copy(update={"max_new_tokens": 3})
    found = continuations.probe(asking, ProbeSpec(kind="continuations", sets=(asked,)))["answers"]
    whole = [row["answer"] for row in asking.rows(asked)]
    for row, told in zip(found.to_dict("records"), whole, strict=True):
        assert row["answer"].strip() == tokenizer.decode(tokenizer(told.strip())["input_ids"][:3])
        assert told.startswith(row["answer"])
        assert row["answer"] != told
    assert set(found["set"]) == {"verbmem_f"}


def test_rouge_is_f1_and_an_answer_ends_where_the_model_asks_on() -> None:
    text = "Mayor Ada\nQuestion: Who else?"
    for name, expected in (("knowmem_f", 1.0), ("verbmem_f", 4 / 7)):
        rows = pd.DataFrame({"set": [name], "answer": [" Mayor Ada"], "generation": [text]})
        assert muse.rouge_l(rows, "forget") == pytest.approx([expected])
    # No stemming: `opening` is not `opened`.
    rows = pd.DataFrame({"set": ["verbmem_f"], "answer": ["opened"], "generation": ["opening"]})
    assert muse.rouge_l(rows, "forget") == [0.0]


def test_privleak_is_muses() -> None:
    """By the source's own formula, AUC of -score with the unseen as positives, written out pair by pair."""
    rng = np.random.default_rng(0)
    draws = [(rng.normal(shift, 1, 20).tolist(), rng.normal(0, 1, 30).tolist()) for shift in (-1.0, 0.1)]
    aucs = [
        np.mean([[(-other > -mine) + (other == mine) / 2 for other in unseen] for mine in forget])
        for forget, unseen in draws
    ]
    run, retain = (scores(*pair) for pair in draws)
    expected = 100 * (aucs[0] - aucs[1]) / aucs[1]
    of_study, published = (muse.metrics_of(auc)[3].of for auc in (None, muse.AUC["news"]))
    assert of_study(against(run, retain)) == pytest.approx(expected)
    assert expected < -20
    assert published(run) == pytest.approx(100 * (aucs[0] - 0.4772) / 0.4772)
    assert of_study(against(retain, retain)) == 0
    assert of_study(against(scores([0.0], [1.0]), retain)) == -100
    assert np.isnan(of_study(against(run, scores([0.0], [1.0]))))


def test_a_whole_text_is_unlearned_but_by_edits_which_act_within_it() -> None:
    told = declared(BenchmarkSpec(name="muse", kind="muse", keys={"texts": {"fraction": 0.6}}))
    assert told.stream(True, "fresh", {}).texts.fraction == 0.6
    assert told.stream(False, "fresh", {}).texts.fraction == muse.EVERY_TOKEN
    assert told.stream(False, "fresh", {"fraction": 0.3}).texts.fraction == 0.3


def test_a_published_target_needs_no_training_and_is_held_against_the_published_auc() -> None:
    told = declared(BenchmarkSpec(name="muse", kind="muse", keys={"start": "base"}))
    assert (told.start, told.references, dict(told.training)) == (BASE, (BASE,), {})
    leak = next(metric for metric in told.metrics if metric.name == "privleak")
    assert (leak.reference, leak.of(scores([0.0], [1.0]))) == ("", -100)


def test_a_file_of_another_form_is_named_with_line_and_key(tmp_path: Path) -> None:
    folder = write_news(tmp_path / "news")
    path = folder / "knowmem" / "retain_qa.json"
    path.write_text(path.read_text() + '{"question": "Who?"}\n')
    with pytest.raises(BadInput, match=r"benchmarks\.muse: .*retain_qa\.json line 4: no key 'answer', got question"):
        muse.prepare(keys(folder=str(folder)), 300, tmp_path / "out")


@pytest.mark.parametrize("auc", [None, 0.4772])
def test_privleak_varies_with_texts_too(auc: float | None) -> None:
    """Parts whose means move as the figure does (differences of 1e-6 of an AUC), of its size with its sign."""
    rng = np.random.default_rng(0)
    leak, size = muse.metrics_of(auc)[-2:]
    own, known = (
        {("forget", "min_k"): rng.normal(shift, 1, (2, 30)), ("holdout", "min_k"): rng.normal(0.5, 1, (2, 20))}
        for shift in (0.0, 0.4)
    )
    assert (leak.reference, leak.interval) == (RETAIN if auc is None else "", "questions")
    given = (own, known) if auc is None else (own,)
    assert leak.sample is not None
    assert size.sample is not None
    for one, other in zip(leak.sample(*given), size.sample(*given), strict=True):
        for seed in (0, 1):
            areas = [
                run_metrics.auroc(it["forget", "min_k"][seed], it["holdout", "min_k"][seed]) for it in (own, known)
            ]
            reference = areas[1] if auc is None else 1 - auc
            slope = (
                run_metrics.privleak_of(areas[0] + 1e-6, reference) - run_metrics.privleak_of(areas[0], reference)
            ) / 1e-6
            figure = run_metrics.privleak_of(areas[0], reference)
            assert np.sign(one[seed].mean()) == np.sign(figure)
            assert np.abs(other[seed]) == pytest.approx(np.abs(one[seed]))
            assert other[seed].mean() > 0
            if auc is not None:
                assert one[seed].mean() == pytest.approx(figure)
                assert one[seed].std() == pytest.approx(abs(slope) * own_spread(own, seed, len(one[seed])), rel=1e-4)


def own_spread(scores: dict, seed: int, questions: int) -> float:
    """Standard deviation of DeLong's components over that set which has so many questions."""
    parts = run_metrics.auroc_parts(scores["forget", "min_k"], scores["holdout", "min_k"])
    return float(next(part for part in parts if part.shape[1] == questions)[seed].std())
