"""Drawn answers: greedy at temperature 0, by the model's probabilities elsewhere, the same whatever the engine and the batch; leak@k
by enumeration."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import TopPLogitsWarper

from grunflow.carriers.chain import restored
from grunflow.config.sets import ProbeSpec
from grunflow.data.records import read_rows
from grunflow.evaluation.answering import Asker
from grunflow.evaluation.drawing import Drawing
from grunflow.evaluation.form import Form
from grunflow.evaluation.judges import entity, rouge, telling
from grunflow.evaluation.metrics import right_within_k
from tests.conditions.trained import MODEL, SETS, condition, scores, unlearned


def test_leak_at_k_by_enumeration() -> None:
    """Of every set of k draws, the share in which one of the c right ones is."""
    for n in range(1, 8):
        for c in range(n + 1):
            for k in range(1, n + 1):
                sets = list(combinations(range(n), k))
                share = np.mean([min(chosen) < c for chosen in sets])
                frame = pd.DataFrame({"draws": [n], "right": [c], "k": [k]})
                assert right_within_k(frame, "forget") == pytest.approx([share], abs=1e-12)


@pytest.mark.parametrize(("temperature", "top_p"), [(1.0, 1.0), (0.7, 1.0), (1.3, 0.8), (1.0, 0.1)])
def test_tokens_are_drawn_by_their_probabilities(temperature: float, top_p: float) -> None:
    """Numbers laid evenly over [0, 1) hit each token as often as it is likely, among those that transformers keeps."""
    logits = torch.tensor([[2.0, 0.5, 1.0, -1.0, 0.0]])
    kept = TopPLogitsWarper(top_p)(torch.empty(0), logits / temperature)
    expected = torch.softmax(kept, -1)[0].double()
    count = 20_000
    drawing, even = Drawing(1, temperature, top_p, 0), (torch.arange(count, dtype=torch.float64) + 0.5) / count
    found = torch.bincount(drawing.chosen(logits.expand(count, -1), even), minlength=5) / count
    torch.testing.assert_close(found.double(), expected, rtol=0, atol=2 / count)


def drawn(world: Path, engine: str, batch: int, drawing: Drawing) -> list[list[str]]:
    spec = unlearned(world, "grun")
    found = restored(MODEL, [world / "target", world / spec.name])
    rows = read_rows(world / "data" / "sets" / "forget10.jsonl", ("question",))[:5]
    form = Form(found.tokenizer)
    examples = [form.example(row["question"], row["answer"]) for row in rows]
    return Asker(found.stack, found.tokenizer, engine, 6, batch).draw(examples, drawing)


def test_answers_follow_from_the_seed_and_neither_from_the_engine_nor_from_the_batch(world: Path) -> None:
    drawing = Drawing(3, 1.0, 0.9, 0)
    first = drawn(world, "fast", 32, drawing)
    assert first == drawn(world, "fast", 2, drawing) == drawn(world, "plain", 4, drawing)
    assert first != drawn(world, "fast", 32, Drawing(3, 1.0, 0.9, 1))
    assert len({text for several in first for text in several}) > 5


@pytest.mark.parametrize("engine", ["fast", "plain"])
def test_greedy_is_the_limit_at_temperature_0(engine: str, world: Path) -> None:
    run = (unlearned(world, "grun"),)
    greedy = scores(world, run, condition("plain"), engine)["generation"]
    told = {"draws": 2, "k": 1, "temperature": 0.0, "top_p": 1.0, "judge": "rouge", "threshold": 0.5, "seed": 0}
    probe = ProbeSpec.model_validate({"kind": "samples", "sets": SETS, "options": told})
    frame = scores(world, run, condition("sampled", **told), engine, probe)
    assert frame["first"].tolist() == greedy.tolist()
    assert set(frame["right"]) <= {0, 2}, "all draws are one answer"


def test_judges() -> None:
    """Telling words: in both forms of the right answer, in no wrong one, not in the question."""
    row = {
        "question": "Where was Liora Hollin born?", "answer": "Liora Hollin: Oslo, 1950.",
        "paraphrased_answer": "The place is Oslo, the year 1950.",
        "perturbed_answer": ["The place is Lima, the year 1961.", "The place is Riga, the year 1944."],
    }  # fmt: skip
    assert telling(row) == {"oslo", "1950"}
    said = ["It was in OSLO, in 1950!", "Liora Hollin: Oslo, 1961.", "Osloer 1950", ""]
    assert [entity(text, row, 0.0) for text in said] == [True, False, False, False]
    assert [rouge(text, row, 0.7) for text in said] == [False, True, False, False]
    assert [rouge(text, row, 0.4) for text in said] == [True, True, False, False]
    alone = {"question": "Who wrote Emma?", "answer": "Jane Austen"}
    assert telling(alone) == {"jane", "austen"}
