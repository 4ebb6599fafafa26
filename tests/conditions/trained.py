"""A tiny world, a model trained on it, and runs of every carrier that are put to questions under conditions."""

from pathlib import Path
from typing import Any

import pandas as pd

from grunflow.config import specs
from grunflow.config.facts import CONDITION
from grunflow.config.methods import part_of, source_of
from grunflow.config.models import Architecture, Model
from grunflow.config.parts import CarrierSpec, ConditionSpec, Training
from grunflow.config.sets import Paired, ProbeSpec
from grunflow.stages import evaluate, finetune, prepare, unlearn
from grunflow.work import Work
from tests.jobs import QUESTIONS, WORLD, asked
from tests.parts import ANY, carrier, objective
from tests.stages.made import made

TRAINING = Training(learning_rate=5e-3, steps=6, batch_size=8)
MODEL = Model(
    name="mini",
    architecture=Architecture(hidden_size=16, layers=3, heads=2),
    base=TRAINING,
    target=TRAINING,
    replayed=4,
)
CARRIERS = {
    "full": carrier("full"),
    "lora": carrier("lora", rank=2, alpha=8, dropout=0.1),
    "reft": carrier("reft", rank=2, layers=(0, 2)),
    "grun": carrier("grun", rank=2, layers=(0, 2), gate="linear", gate_weight=1),
}
SETS = [asked("forget", "forget", "forget10_perturbed", 6), asked("retain", "keep", "retain_perturbed", 6)]
PROBE = ProbeSpec.model_validate({"kind": "answers", "sets": SETS})


def world_in(folder: Path) -> Path:
    """Data and a model that was trained on them, as `data` and `target`."""
    data = made(folder / "data", prepare, specs.Prepare.model_validate(WORLD))
    base = specs.Finetune(benchmark="tofu", model=MODEL, role="base", files=("base.jsonl",), seed=0)
    made(folder / "target", finetune, base, data=data)
    return folder


def unlearned(world: Path, name: str) -> CarrierSpec:
    """A run of the carrier in a folder of its name, made once."""
    spec = CARRIERS[name]
    if not (world / name).is_dir():
        run = specs.Unlearn(
            benchmark="tofu", model=MODEL, split="forget10", stream=Paired.model_validate(QUESTIONS), carrier=spec,
            objective=objective("gd"), training=TRAINING, engine="fast", target_seed=0, unlearn_seed=1,
        )  # fmt: skip
        made(world / name, unlearn, run, data=world / "data", start=world / "target")
    return spec


def condition(kind: str, **keys: Any) -> ConditionSpec:
    """As a study's, with the defaults of its file."""
    return part_of(ConditionSpec, kind, source_of({}, CONDITION, kind, "conditions"), keys, "conditions", ANY)


def scores(
    world: Path, carriers: tuple[CarrierSpec, ...], put: ConditionSpec, engine: str = "fast", probe: ProbeSpec = PROBE
) -> pd.DataFrame:
    """What the stage writes of a run (of no carrier: of the target) under a condition."""
    spec = specs.Evaluate(
        benchmark="tofu", run="mini/x", model=MODEL, carriers=carriers, condition=put, probes=(probe,), engine=engine,  # type: ignore[arg-type]
        max_new_tokens=4,
    )  # fmt: skip
    out = world / f"scores{sum(1 for _ in world.glob('scores*'))}"
    out.mkdir()
    model = {"model": [world / carriers[0].name]} if carriers else {}
    evaluate.run(spec, Work({"data": [world / "data"], "start": [world / "target"], **model}, out, 8))
    (written,) = out.glob("*.parquet")
    return pd.read_parquet(written)


def own(frame: pd.DataFrame) -> pd.DataFrame:
    """What does not tell of a gate, which the start has none of."""
    return frame[[column for column in frame if "gate_" not in column]]
