"""UDS of a question by its formula (2605.24614, section 3; compute_uds.py of gnueaj/unlearning-depth-score, a6dabd4), on numbers worked
out by hand."""

import numpy as np
import pandas as pd
import pytest

from grunflow.evaluation.depth import depth
from grunflow.evaluation.metrics import left_within


@pytest.mark.parametrize(
    ("drops", "expected"),
    [([0.0, 0.0, 0.0], 0.0), ([0.04, 1.0, 3.0], 1.0), ([9.0, 0.5, 0.0], 0.5 / 4), ([0.0, -1.0, 6.0], 3 / 4)],
)
def test_blocks_weigh_what_the_retain_model_lacks_there_and_count_above_the_threshold(
    drops: list[float], expected: float
) -> None:
    """lacked: .04 nats, which is not above .05; 1; 3. A drop below 0 erases nothing, one above what is lacked no more than all."""
    assert depth(drops, [0.04, 1.0, 3.0], 0.05) == pytest.approx(expected)


def test_a_question_of_which_no_block_holds_anything_has_no_depth() -> None:
    assert np.isnan(depth([1.0, 1.0], [0.01, -2.0], 0.05))


def test_a_question_without_a_depth_leaves_the_mean_of_the_others() -> None:
    rows = pd.DataFrame({"drops": [[1.0], [0.5], [7.0]], "lacked": [[1.0], [1.0], [0.0]], "threshold": 0.05})
    found = left_within(rows, "forget")
    assert found.tolist() == [0.0, 0.5, 0.25]
    assert np.isnan(left_within(rows[2:], "forget")).all()
