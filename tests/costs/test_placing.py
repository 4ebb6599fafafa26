"""What a job's place adds to its work: checkpoints on the way."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from grunflow.config.reading import read_study
from grunflow.config.study import Resolved
from grunflow.costs.hardware import DISK, TO_HOST
from grunflow.costs.memory import Held
from grunflow.costs.placing import Load, placed
from grunflow.job import CHECKPOINT_SECONDS

ROOT = Path(__file__).parents[2]
GIGA = 10**9
STATE = 12 * GIGA


def study_of(name: str, monkeypatch: pytest.MonkeyPatch) -> Resolved:
    monkeypatch.chdir(ROOT)
    return read_study(yaml.safe_load((ROOT / "config" / f"{name}.yaml").read_text()))


def load(seconds: float, gigabytes: int, state: int = STATE) -> Load:
    return Load(Held(gigabytes * GIGA, 0, 0, 0, 0), 0, 0, seconds, state, sharded=True)


@pytest.mark.parametrize(("seconds", "gigabytes", "gpus"), [(1900.0, 50, 1), (3800.0, 100, 2)])
def test_on_gpus_training_waits_for_a_copy_that_each_ones_host_holds(
    monkeypatch: pytest.MonkeyPatch, seconds: float, gigabytes: int, gpus: int
) -> None:
    study = study_of("paper", monkeypatch)
    model = study.models["llama-3.1-8b"]
    with_state, without = (placed(study, model, load(seconds, gigabytes, state)) for state in (STATE, 0))
    assert with_state.gpus == without.gpus == gpus
    assert with_state.seconds - without.seconds == pytest.approx(1900 // CHECKPOINT_SECONDS * STATE / gpus / TO_HOST)
    assert with_state.host_bytes - without.host_bytes == STATE
    brief = placed(study, model, load(gpus * (CHECKPOINT_SECONDS / 2), gigabytes))
    assert brief.host_bytes == without.host_bytes  # twice as long as planned it is over before the first


def test_a_cpu_writes_them_between_two_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    study = study_of("demo", monkeypatch)
    model = next(iter(study.models.values()))
    with_state, without = (placed(study, model, load(1900.0, 1, state)) for state in (STATE, 0))
    assert with_state.seconds - without.seconds == pytest.approx(1900 // CHECKPOINT_SECONDS * STATE / DISK)
    assert with_state.host_bytes == without.host_bytes


def test_seconds_in_which_a_run_is_asked_on_its_way_are_shared_by_no_device_and_count_for_checkpoints(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    study = study_of("paper", monkeypatch)
    model = study.models["llama-3.1-8b"]
    one, two = (placed(study, model, replace(load(400.0, size), asking=700.0)) for size in (50, 100))
    assert (one.gpus, two.gpus) == (1, 2)
    # Of both one checkpoint, of which each of two copies a half.
    assert one.seconds - two.seconds == pytest.approx(200 + STATE / TO_HOST / 2)
    assert one.host_bytes - placed(study, model, load(50.0, 50)).host_bytes == STATE
