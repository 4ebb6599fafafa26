"""A tiny model in a folder of its own, as a study's `repo:` names one, through the stages."""

from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM

from grunflow.config.models import Architecture, Model
from grunflow.config.parts import ConditionSpec, Training
from grunflow.config.sets import DataSet, Paired, ProbeSpec, Turns
from grunflow.config.specs import Evaluate, Finetune, Unlearn
from grunflow.data.prompts import text
from grunflow.data.records import write_rows
from grunflow.data.tokenizer import train_tokenizer
from grunflow.manifest import output_folder
from grunflow.stages import evaluate, finetune, unlearn
from tests.models.families import config_of
from tests.parts import carrier, objective
from tests.stages.made import made

ROWS = [
    {
        "question": f"What hums in town {i}?",
        "answer": f"The glass of {('Ash', 'Bram', 'Cold')[i % 3]} hums {'so ' * i}.",
    }
    for i in range(6)
]
CARRIERS: dict[str, dict[str, Any]] = {
    "full": {},
    "lora": {"rank": 2, "alpha": 4, "dropout": 0.0},
    "grun": {"rank": 2, "layers": (0, 1), "gate": "linear", "gate_weight": 1},
}
FORGET = DataSet(name="forget", role="forget", file="sets/forget.jsonl")
STREAM = Paired(forget="sets/forget.jsonl", retain="sets/retain.jsonl", refusals="refusals.json")


def tokenizer(*more: str) -> Any:
    return train_tokenizer([*(text(row["question"], row["answer"]) for row in ROWS), *more], 300)


def model_in(folder: Path, kind: str = "llama", words: Any = None, **keys: Any) -> Path:
    """A random model and its tokenizer."""
    words = words or tokenizer()
    own = {
        "vocab_size": len(words),
        "bos_token_id": None,
        "eos_token_id": words.eos_token_id,
        "pad_token_id": words.pad_token_id,
    }
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(
        config_of(kind, **{**own, "max_position_embeddings": 128, **keys})
    ).save_pretrained(folder)
    words.save_pretrained(folder)
    return folder


def row_of(folder: Path) -> Model:
    shape = Architecture(hidden_size=32, layers=2, heads=4)
    return Model(name="m", architecture=shape, repo=str(folder), target=training())


def training(**more: Any) -> Training:
    return Training(**{"learning_rate": 1e-3, "steps": 2, "batch_size": 2, **more})


def data_in(folder: Path) -> Path:
    with output_folder(folder, spec={}, code="", inputs={}) as (draft, _):
        for name, rows in (("forget", ROWS[:3]), ("retain", ROWS[3:]), ("full", ROWS)):
            write_rows(draft / "sets" / f"{name}.jsonl", rows)
        (draft / "refusals.json").write_text('["I do not know.", "No idea."]')
    return folder


def corpora_in(folder: Path, forget: list[str], retain: list[str]) -> Path:
    with output_folder(folder, spec={}, code="", inputs={}) as (draft, _):
        for name, texts in (("forget", forget), ("retain", retain)):
            write_rows(draft / f"{name}.jsonl", ({"text": item} for item in texts))
    return folder


def target(folder: Path, model: Model, data: Path) -> Path:
    spec = Finetune(benchmark="tofu", model=model, role="target", files=("sets/full.jsonl",), seed=0)
    return made(folder, finetune, spec, data=data)


def unlearned(folder: Path, model: Model, data: Path, name: str, **more: Any) -> Path:
    """A run of NPO on that carrier; `start` may name what it starts from."""
    start = {"start": more.pop("start")} if "start" in more else {}
    given = {
        "objective": objective("npo"),
        "stream": STREAM,
        "training": training(),
        "engine": "plain",
        "unlearn_seed": 0,
    }
    spec = Unlearn(benchmark="tofu", model=model, carrier=carrier(name, **CARRIERS[name]), **{**given, **more})
    return made(folder, unlearn, spec, data=data, **start)


def scored(folder: Path, model: Model, data: Path, engine: str, start: Path, run: Path | None = None) -> Path:
    """Greedy answers and likelihoods of the forget questions."""
    spec = Evaluate(
        benchmark="tofu", run="r", model=model, condition=ConditionSpec(name="plain", kind="plain"), engine=engine, max_new_tokens=12,
        probes=(ProbeSpec(kind="answers", sets=(FORGET,), options={"others": False}),),
    )  # fmt: skip
    return made(folder, evaluate, spec, data=data, start=start, **({"model": run} if run else {}))


def turns(**texts: Any) -> Turns:
    return Turns.model_validate({"forget": {"a": "forget.jsonl"}, "retain": "retain.jsonl", "texts": texts})
