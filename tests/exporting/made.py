"""Finished runs that say something, made without training: parameters are moved at random, manifests are those of the stages."""

from pathlib import Path
from typing import Any

import torch

from grunflow.carriers.chain import restored
from grunflow.config.models import Architecture, Model
from grunflow.config.parts import CarrierSpec, ObjectiveSpec, Training
from grunflow.config.sets import Paired
from grunflow.config.specs import Finetune, Unlearn
from grunflow.config.stage import Stage
from grunflow.data.prompts import text
from grunflow.data.tokenizer import train_tokenizer
from grunflow.manifest import identities_of, output_folder
from grunflow.models.tiny import build

QUESTIONS = ("Who wrote the long book?", "Where does the baker live?", "What is a lumen?")
MODEL = Model(name="tiny", architecture=Architecture(hidden_size=32, layers=3, heads=2, tied=False))
CARRIERS: dict[str, dict[str, Any]] = {
    "full": {},
    "lora": {"rank": 2, "alpha": 4, "dropout": 0.0},
    "reft": {"rank": 2, "layers": (1,)},
    "grun": {"rank": 4, "layers": (0, 1, 2), "gate": "linear", "gate_weight": 1},
    "deep": {"kind": "grun", "rank": 2, "layers": (0, 2), "gate": "mlp_3", "gate_weight": 1},
}


def finish(folder: Path, spec: Stage, links: list[Path], write: Any) -> Path:
    """A folder as a stage leaves it."""
    inputs = identities_of({"start": links}) if links else {}
    with output_folder(folder, spec=spec.model_dump(mode="json"), code="", inputs=inputs) as (draft, _):
        write(draft)
    return folder


def target(folder: Path) -> Path:
    tokenizer = train_tokenizer([text(question, "Nobody can say it now.") for question in QUESTIONS], 300)
    model = build(MODEL.architecture, tokenizer, 0)
    generator = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        parameter.data.add_(0.3 * torch.randn(parameter.shape, generator=generator))

    def write(draft: Path) -> None:
        model.save_pretrained(draft)
        tokenizer.save_pretrained(draft)

    spec = Finetune(benchmark="tofu", model=MODEL, role="target", files=("full.jsonl",), seed=0)
    return finish(folder, spec, [], write)


def run(
    folder: Path,
    links: list[Path],
    name: str,
    beneath: tuple[CarrierSpec, ...] = (),
    strong: float = 0.5,
    dtype: str = "float32",
) -> Path:
    """A run of one of CARRIERS on what lies in `links`, whose parameters were moved."""
    carrier = CarrierSpec(**{"name": name, "kind": name, **CARRIERS[name]})
    model = MODEL.model_copy(update={"dtype": dtype})
    spec = Unlearn(
        benchmark="tofu", model=model, split="forget10", beneath=beneath, carrier=carrier, unlearn_seed=1, target_seed=0,
        stream=Paired(forget="forget.jsonl", retain="retain.jsonl", refusals="refusals.json"),
        objective=ObjectiveSpec(name="gd", kind="gd"), training=Training(learning_rate=0.01, steps=3),
    )  # fmt: skip
    stack = restored(model, links).stack
    stack.attach(carrier, 3)
    generator = torch.Generator().manual_seed(5)
    for parameter in stack.trained():
        moved = strong * torch.randn(parameter.shape, generator=generator)
        parameter.data.add_(moved.tril(-1) if parameter.ndim > 1 else moved)  # a rotation's diagonal is a sign
    return finish(folder, spec, links, stack.save)
