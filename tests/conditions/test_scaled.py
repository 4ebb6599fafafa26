"""A run scaled back: at 0 exactly the scores of what it started from, at 1 exactly its own, for every carrier; and one job that
loads the model once gives along its strengths what single jobs give."""

from pathlib import Path

import pandas as pd
import pytest

from tests.conditions.trained import CARRIERS, condition, own, scores, unlearned


@pytest.mark.parametrize("engine", ["fast", "plain"])
@pytest.mark.parametrize("name", CARRIERS)
def test_nothing_is_the_start_and_all_is_the_run(name: str, engine: str, world: Path) -> None:
    spec = unlearned(world, name)
    start = scores(world, (), condition("plain"), engine)
    whole = scores(world, (spec,), condition("plain"), engine)
    found = {
        strength: scores(world, (spec,), condition("scaled", strength=strength), engine) for strength in (0.0, 0.5, 1.0)
    }
    pd.testing.assert_frame_equal(own(found[0.0]), own(start), check_exact=True)
    pd.testing.assert_frame_equal(found[1.0], whole, check_exact=True)
    job = scores(world, (spec,), condition("scaled", strengths=(0.0, 0.5, 1.0)), engine)
    for strength, frame in found.items():
        own_rows = job[job["strength"] == strength].drop(columns="strength").reset_index(drop=True)
        pd.testing.assert_frame_equal(own_rows, frame, check_exact=True)
    losses = [frame["nll_answer"].mean() for frame in (start, found[0.5], whole)]
    assert len(set(losses)) == 3, "the run did move, and the half stands somewhere else"
