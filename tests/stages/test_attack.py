"""A run that is trained further: after 0 steps it gives its own scores exactly, whatever the attacker trains; after some it
knows more of what it is taught. What an attacker learnt is left out of the scores of a part that it never saw."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from grunflow.config import specs
from grunflow.config.parts import CarrierSpec, ConditionSpec, Training
from grunflow.config.sets import Paired, Picked, ProbeSpec
from grunflow.data.picking import places
from grunflow.data.records import read_rows
from grunflow.stages import attack, evaluate, finetune, prepare, unlearn
from grunflow.work import Work
from tests.conditions.trained import CARRIERS, MODEL, TRAINING
from tests.jobs import QUESTIONS, WORLD, asked
from tests.parts import objective
from tests.stages.made import made

PROBES = (
    ProbeSpec.model_validate({"kind": "answers", "sets": [asked("forget", "forget", "forget10_perturbed")]}),
    ProbeSpec.model_validate({"kind": "membership", "sets": [asked("forget", "forget", "forget10_perturbed")]}),
)
STREAM = Paired.model_validate(QUESTIONS)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data, a target model, and a run of each carrier."""
    folder = tmp_path_factory.mktemp("world")
    data = made(folder / "data", prepare, specs.Prepare.model_validate(WORLD))
    base = specs.Finetune(benchmark="tofu", model=MODEL, role="base", files=("base.jsonl",), seed=0)
    target = made(folder / "target", finetune, base, data=data)
    for name, spec in CARRIERS.items():
        run = specs.Unlearn(
            benchmark="tofu", model=MODEL, split="forget10", stream=STREAM, carrier=spec, objective=objective("gd"),
            training=TRAINING, engine="fast", target_seed=0, unlearn_seed=1,
        )  # fmt: skip
        made(folder / name, unlearn, run, data=data, start=target)
    return folder


def plain(world: Path, out: Path, *links: str) -> dict[str, pd.DataFrame]:
    """What a run gives of every probe as it is."""
    spec = specs.Evaluate(
        benchmark="tofu", run="mini/x", model=MODEL, condition=ConditionSpec(name="plain", kind="plain"), probes=PROBES,
        engine="fast", max_new_tokens=4,
    )  # fmt: skip
    out.mkdir()
    evaluate.run(spec, Work({"data": [world / "data"], "start": [world / name for name in links]}, out, 8))
    return {path.stem: pd.read_parquet(path) for path in out.glob("*.parquet")}


def attacked(world: Path, out: Path, links: tuple[str, ...], own: CarrierSpec, **keys: Any) -> dict[str, pd.DataFrame]:
    """The same of an attack after 0 and 3 steps."""
    spec = specs.Attack(
        called="relearn", run="mini/x", benchmark="tofu", model=MODEL, carrier=own, objective=objective("learn"),
        training=Training(learning_rate=1e-2, steps=3, batch_size=8, schedule="constant", warmup_fraction=0),
        probes=PROBES, asked=(0, 3), max_new_tokens=4, engine="fast", unlearn_seed=1,
        **{"attacker": "over", "stream": STREAM.model_copy(update={"picked": Picked(rows=10)}), **keys},
    )  # fmt: skip
    out.mkdir()
    attack.run(spec, Work({"data": [world / "data"], "start": [world / name for name in links]}, out, 8))
    return {path.stem: pd.read_parquet(path) for path in out.glob("*.parquet")}


def at(frames: dict[str, pd.DataFrame], steps: int) -> dict[str, pd.DataFrame]:
    return {
        name: frame[frame["strength"] == steps].drop(columns="strength").reset_index(drop=True)
        for name, frame in frames.items()
    }


def own(frame: pd.DataFrame) -> pd.DataFrame:
    """In one order of columns, without what tells of a gate: a run without one has no such column."""
    return frame[sorted(column for column in frame if "gate_" not in column)]


CASES = [
    *((name, "over", other) for name in CARRIERS for other in ("full", "lora")),
    *((name, "tuned", name) for name in CARRIERS),
    ("target", "over", "grun"),  # the reference of an edit that is tuned on: a new one
]


@pytest.mark.parametrize(("name", "attacker", "with_carrier"), CASES)
def test_no_step_changes_nothing_and_some_bring_back_what_they_teach(
    name: str, attacker: str, with_carrier: str, world: Path, tmp_path: Path
) -> None:
    links = ("target",) if name == "target" else ("target", name)
    spec = CARRIERS[with_carrier]
    if spec.get("gate_weight"):  # an attacker opens gates by its loss alone
        spec = spec.model_copy(update={"gate_weight": 0.0})
    before, found = (
        plain(world, tmp_path / "plain", *links),
        attacked(world, tmp_path / "attack", links, spec, attacker=attacker),
    )
    assert found.keys() == before.keys() == {"answers", "membership"}
    unmoved = at(found, 0)
    if name == "target":  # a new edit is not nothing before its first step (LoReFT's W and b are drawn)
        assert own(unmoved["answers"])["nll_answer"].mean() == pytest.approx(
            before["answers"]["nll_answer"].mean(), rel=0.2
        )
    else:
        for output, frame in before.items():
            pd.testing.assert_frame_equal(own(unmoved[output]), own(frame), check_exact=True)
    rows = read_rows(world / "data" / STREAM.forget)
    taught = [rows[place]["question"] for place in places(Picked(rows=10), len(rows))]
    nll = {
        steps: at(found, steps)["answers"].set_index("question").loc[taught, "nll_answer"].mean() for steps in (0, 3)
    }
    assert nll[3] < nll[0]


def test_a_removed_carrier_leaves_what_lay_beneath_it(world: Path, tmp_path: Path) -> None:
    found = attacked(world, tmp_path / "attack", ("target",), CARRIERS["lora"], attacker="removed")
    for output, frame in plain(world, tmp_path / "plain", "target").items():
        pd.testing.assert_frame_equal(own(at(found, 0)[output]), own(frame), check_exact=True)


def test_what_was_learnt_is_left_out_of_the_scores_of_the_rest(world: Path, tmp_path: Path) -> None:
    stream = STREAM.model_copy(update={"picked": Picked(parts=4, last=3)})
    found = attacked(world, tmp_path / "attack", ("target", "grun"), CARRIERS["lora"], stream=stream, unseen=True)
    rows = read_rows(world / "data" / STREAM.forget)
    assert len(rows) == 20
    assert set(at(found, 3)["answers"]["question"]) == {row["question"] for row in rows[15:]}
    assert list(at(found, 3)["membership"]["index"]) == list(range(15, 20))
    # An attacker who has few rows of the first parts is asked the last one alone, too.
    spec = specs.Attack.model_construct(
        unseen=True, stream=STREAM.model_copy(update={"picked": Picked(parts=4, last=3, rows=2)})
    )
    assert attack.learnt_questions(spec, world / "data") == {row["question"] for row in rows[:15]}
