"""Steps and rates, as the authors' two trainers count them on forget05 (200 rows; b59fd78)."""

import pytest

from grunflow.config.parts import Training
from grunflow.training.schedule import learning_rate_factor, total_steps

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
