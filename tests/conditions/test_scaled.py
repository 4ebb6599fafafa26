"""A run scaled back: at 0 exactly the scores of what it started from, at 1 exactly its own, for every carrier; and one job that
loads the model once gives along its strengths what single jobs give."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from grunflow.config import specs
from grunflow.config.models import Architecture, Model
from grunflow.config.parts import CarrierSpec, ConditionSpec, Training
from grunflow.config.sets import Paired, ProbeSpec
from grunflow.stages import evaluate, finetune, prepare, unlearn
from grunflow.work import Work
from tests.jobs import QUESTIONS, WORLD, asked
from tests.parts import carrier, objective
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
PROBE = ProbeSpec.model_validate({"kind": "answers", "sets": [asked("forget", "forget", "forget10_perturbed", 6)]})


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    data = made(folder / "data", prepare, specs.Prepare.model_validate(WORLD))
    base = specs.Finetune(benchmark="tofu", model=MODEL, role="base", files=("base.jsonl",), seed=0)
    made(folder / "target", finetune, base, data=data)
    return folder


def scores(world: Path, out: Path, carriers: tuple[CarrierSpec, ...], engine: str, **condition: Any) -> pd.DataFrame:
    spec = specs.Evaluate(
        benchmark="tofu", run="mini/x", model=MODEL, carriers=carriers, condition=ConditionSpec(**condition),
        probes=(PROBE,), engine=engine, max_new_tokens=4,
    )  # fmt: skip
    out.mkdir()
    model = {"model": [world / carriers[0].name]} if carriers else {}
    evaluate.run(spec, Work({"data": [world / "data"], "start": [world / "target"], **model}, out, 8))
    return pd.read_parquet(out / "answers.parquet")


def own(frame: pd.DataFrame) -> pd.DataFrame:
    """What does not tell of a gate, which the start has none of."""
    return frame[[column for column in frame if "gate_" not in column]]


@pytest.mark.parametrize("engine", ["fast", "plain"])
@pytest.mark.parametrize("name", CARRIERS)
def test_nothing_is_the_start_and_all_is_the_run(name: str, engine: str, world: Path, tmp_path: Path) -> None:
    spec = CARRIERS[name]
    run = specs.Unlearn(
        benchmark="tofu", model=MODEL, split="forget10", stream=Paired.model_validate(QUESTIONS), carrier=spec,
        objective=objective("gd"), training=TRAINING, engine=engine, target_seed=0, unlearn_seed=1,
    )  # fmt: skip
    made(world / name, unlearn, run, data=world / "data", start=world / "target")
    start = scores(world, tmp_path / "start", (), engine, name="plain", kind="plain")
    whole = scores(world, tmp_path / "run", (spec,), engine, name="plain", kind="plain")
    found = {
        strength: scores(world, tmp_path / str(strength), (spec,), engine, name="s", kind="scaled", strength=strength)
        for strength in (0.0, 0.5, 1.0)
    }
    pd.testing.assert_frame_equal(own(found[0.0]), own(start), check_exact=True)
    pd.testing.assert_frame_equal(found[1.0], whole, check_exact=True)
    job = scores(world, tmp_path / "way", (spec,), engine, name="s", kind="scaled", strengths=(0.0, 0.5, 1.0))
    for strength, frame in found.items():
        own_rows = job[job["strength"] == strength].drop(columns="strength").reset_index(drop=True)
        pd.testing.assert_frame_equal(own_rows, frame, check_exact=True)
    losses = [frame["nll_answer"].mean() for frame in (start, found[0.5], whole)]
    assert len(set(losses)) == 3, "the run did move, and the half stands somewhere else"
