"""Steps and rates, as the authors' two trainers count them on forget05 (200 rows; b59fd78)."""

import pytest

from grunflow.config.parts import Training
from grunflow.config.sets import ProbeSpec
from grunflow.config.specs import SnapshotSpec
from grunflow.training.schedule import learning_rate_factor, snapshot_steps, total_steps

BASELINE = Training(
    learning_rate=1e-5, epochs=10, batch_size=32, warmup_fraction=0.1, step_count="floor"
)  # config/forget.yaml, baseline/forget.py: int(10 * 200) // 32 steps, warm-up max(1, steps // epochs)
GRUN = Training(learning_rate=4e-3, epochs=40, batch_size=16, warmup_fraction=0)  # grun.py: transformers' Trainer


@pytest.mark.parametrize(("training", "steps", "warmup"), [(BASELINE, 62, 6), (GRUN, 520, 0)])
def test_steps_and_warm_up_are_the_authors(training: Training, steps: int, warmup: int) -> None:
    assert total_steps(training, 200) == steps
    factors = [learning_rate_factor(step, steps, training) for step in range(steps)]
    rising = [step for step in range(steps - 1) if factors[step + 1] > factors[step]]
    assert len(rising) == max(0, warmup - 1)
    assert factors[warmup] == 1.0
    assert factors[-1] > 0


def test_counted_up_every_epoch_has_a_smaller_last_batch() -> None:
    assert total_steps(BASELINE.model_copy(update={"step_count": "ceil"}), 200) == 70


@pytest.mark.parametrize(
    ("keys", "steps", "taken"),
    [
        ({"count": 4}, 81, (0, 3, 9, 27, 81)),  # each three times as late
        ({"count": 5}, 3, (0, 1, 2, 3)),  # no step twice
        ({"count": 4, "spacing": "even"}, 80, (0, 20, 40, 60, 80)),
        ({"count": 4, "steps": (4, 16, 62, 250)}, 62, (0, 4, 16, 62)),
        ({"count": 0}, 80, ()),
    ],
)
def test_snapshots_are_dense_where_forgetting_happens(keys: dict, steps: int, taken: tuple[int, ...]) -> None:
    assert snapshot_steps(SnapshotSpec(probe=ProbeSpec(kind="answers", sets=()), **keys), steps) == taken
