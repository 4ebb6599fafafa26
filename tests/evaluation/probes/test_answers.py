"""What the probe asks: forget questions in other words too, and answers of any script where that is meant."""

from pathlib import Path
from typing import Any

import pytest
import torch

from grunflow.carriers.stack import Stack
from grunflow.config.models import Architecture
from grunflow.config.parts import CarrierSpec
from grunflow.config.sets import DataSet, ProbeSpec
from grunflow.data.prompts import text
from grunflow.data.records import write_rows
from grunflow.data.tokenizer import train_tokenizer
from grunflow.errors import BadInput
from grunflow.evaluation.answering import Asker
from grunflow.evaluation.asking import Asking
from grunflow.evaluation.form import Form
from grunflow.evaluation.probes.answers import paraphrased_gates, probe
from grunflow.models.tiny import build
from tests.parts import carrier

ROWS = [
    {"question": f"What is {n}?", "paraphrased_question": f"Tell me of {n}, please.", "answer": f"It is {n}."}
    for n in ("one", "two", "three")
]
GRUN = carrier("grun", rank=2, layers=(0, 1), gate="linear", gate_weight=1)


def asker_of(spec: CarrierSpec) -> Asker:
    tokenizer: Any = train_tokenizer([text(row["question"], row["answer"]) for row in ROWS], 300)
    model = build(Architecture(hidden_size=16, layers=2, heads=2), tokenizer, 0).eval()
    stack = Stack(model)
    stack.attach(spec, 1)
    return Asker(stack, tokenizer, "fast", 4, 8)


def test_each_gate_reads_the_other_wording() -> None:
    asker = asker_of(GRUN)
    found = paraphrased_gates(asker, ROWS, Form(asker.tokenizer))
    assert list(found) == ["paraphrased_gate_0", "paraphrased_gate_1"]
    own = [{**row, "paraphrased_question": row["question"]} for row in ROWS]
    assert not torch.allclose(
        torch.tensor(found.to_numpy()), torch.tensor(paraphrased_gates(asker, own, Form(asker.tokenizer)).to_numpy())
    )


@pytest.mark.parametrize("spec", [carrier("full"), carrier("reft", rank=2, layers=(0,))])
def test_without_a_gate_there_is_no_column(spec: CarrierSpec) -> None:
    asker = asker_of(spec)
    assert paraphrased_gates(asker, ROWS, Form(asker.tokenizer)).shape == (3, 0)


def test_answers_of_any_script_are_asked_where_a_benchmark_says_so(tmp_path: Path) -> None:
    """Elsewhere they are refused before a model is asked: ROUGE would be 0 however well they are answered."""
    write_rows(tmp_path / "keep.jsonl", [{"question": "谁？", "answer": "王明"}])
    found = asker_of(carrier("full"))
    asking = Asking(found.tokenizer, found.stack, "plain", 2, 4, "plain", tmp_path, "")
    sets = (DataSet(name="keep", role="keep", file="keep.jsonl"),)
    with pytest.raises(BadInput, match=r"evaluated questions\[0\]\.answer: got '王明', of which ROUGE-L sees nothing"):
        probe(asking, ProbeSpec(kind="answers", sets=sets))
    frame = probe(asking, ProbeSpec(kind="answers", sets=sets, options={"any_script": True}))["answers"]
    assert (frame["nll_answer"] > 0).all()
