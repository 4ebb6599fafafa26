"""The stage itself on several architectures and carriers: both engines train the same, and what they save can be asked."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoTokenizer

from grunflow.carriers.chain import restored
from grunflow.config import specs
from grunflow.config.models import Architecture, Model
from grunflow.config.parts import CarrierSpec, Training
from grunflow.config.sets import Paired
from grunflow.evaluation.answering import Asker
from grunflow.evaluation.form import Form
from grunflow.evaluation.probes.answers import score_set
from grunflow.interventions.packed import PACKABLE
from grunflow.manifest import identities_of, output_folder
from grunflow.stages import prepare, unlearn
from grunflow.work import Work
from tests.jobs import QUESTIONS, WORLD
from tests.models.families import tiny
from tests.parts import carrier, objective

MODEL = Model(name="tiny", architecture=Architecture(hidden_size=32, layers=2, heads=4), repo="none/none")
CARRIERS = {
    "full": carrier("full"),
    "lora": carrier("lora", rank=2, alpha=4, dropout=0.0),  # what is dropped follows from how texts are laid out
    "grun": carrier("grun", rank=2, layers=(0, 1), gate="linear", gate_weight=1),
    "reft": carrier("reft", rank=2, layers=(1,)),
}
OTHERS = ("gpt2", "gpt_neox", "opt", "gemma3", "mixtral")
KINDS = [*PACKABLE, *(pytest.param(kind, marks=pytest.mark.slow) for kind in OTHERS)]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    prepare.run(specs.Prepare.model_validate(WORLD), Work({}, folder, 8))
    return folder


@pytest.fixture(scope="module")
def starts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Kind -> the folder of a random model, made once."""
    return {}


def started(starts: dict[str, Path], kind: str, data: Path, factory: pytest.TempPathFactory) -> Path:
    if kind not in starts:
        starts[kind] = factory.mktemp(kind) / "start"
        with output_folder(starts[kind], spec={"name": kind}, code="", inputs={}) as (draft, _):
            tokenizer = AutoTokenizer.from_pretrained(data / "tokenizer")
            ends = {
                "eos_token_id": tokenizer.eos_token_id,
                "pad_token_id": tokenizer.pad_token_id,
                "bos_token_id": None,
            }
            tiny(kind, vocab_size=len(tokenizer), max_position_embeddings=256, **ends).save_pretrained(draft)
            tokenizer.save_pretrained(draft)
    return starts[kind]


def run(spec: specs.Unlearn, start: Path, data: Path, out: Path) -> dict[str, Any]:
    with output_folder(out, spec={"name": out.name}, code="", inputs=identities_of({"start": [start]})) as (draft, _):
        return unlearn.run(spec, Work({"data": [data], "start": [start]}, draft, 8))


def weights(folder: Path) -> dict[str, torch.Tensor]:
    (file,) = (folder / "carrier").rglob("*.safetensors")
    return load_file(file)


@pytest.mark.parametrize("name", CARRIERS)
@pytest.mark.parametrize("kind", KINDS)
def test_both_engines_train_the_same_and_the_run_is_asked(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, data: Path, starts: dict[str, Path], kind: str, name: str
) -> None:
    """NPO, whose reference the fast engine computes once; where it does not apply it steps aside: then to the same bytes."""
    start, top = started(starts, kind, data, tmp_path_factory), CARRIERS[name]
    for engine in ("plain", "fast"):
        spec = specs.Unlearn(
            benchmark="tofu", model=MODEL, split="forget10", stream=Paired(**QUESTIONS), objective=objective("npo", beta=0.1),
            carrier=top, training=Training(learning_rate=1e-2, steps=2, batch_size=4, accumulation=2), engine=engine,
            target_seed=0, unlearn_seed=1,
        )  # fmt: skip
        run(spec, start, data, tmp_path / engine)
    plain, fast = (weights(tmp_path / engine) for engine in ("plain", "fast"))
    assert plain.keys() == fast.keys()
    for key, tensor in plain.items():
        # AdamW's first steps are as long as the rate, so that a rounding's sign may show where a gradient is nothing.
        torch.testing.assert_close(fast[key], tensor, rtol=1e-3, atol=1e-4)
    found = restored(MODEL, [start, tmp_path / "fast"])
    assert_can_be_asked(found, top)


def assert_can_be_asked(found: Any, top: CarrierSpec) -> None:
    rows = [{"question": "Who is it?", "answer": "A writer."}, {"question": "Where was she born?", "answer": "Oslo."}]
    tables = [
        score_set(Asker(found.stack, found.tokenizer, engine, 3, 2), rows, Form(found.tokenizer))
        for engine in ("plain", "fast")
    ]
    assert tables[0]["nll_answer"].tolist() == pytest.approx(tables[1]["nll_answer"].tolist(), rel=1e-5)
    assert tables[0]["generation"].tolist() == tables[1]["generation"].tolist()
    assert ("gate_0" in tables[0]) == bool(top.get("gate"))
