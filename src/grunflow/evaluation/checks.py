"""No score that is not finite is averaged away: what a model's answers gave is looked at before it is written."""

import numpy as np
import pandas as pd

from grunflow.errors import CheckFailed

GATES = ("gate_", "paraphrased_gate_")  # only a gated carrier has some, the second only questions to be forgotten
IDENTITY = ("set", "index", "step", "output")


def check_finite(frame: pd.DataFrame, output: str, run: str) -> None:
    """Every number of a probe's frame is finite, in lists too; a column of gates may be wholly absent from a set.

    Raises:
        CheckFailed: names the first that is not.
    """
    for column in frame.columns.difference(IDENTITY, sort=False):
        bad = ~frame[column].map(_finite).to_numpy(bool)
        if column.startswith(GATES):
            bad &= frame.groupby("set")[column].transform("count").to_numpy() > 0
        if bad.any():
            row = frame[bad].iloc[0]
            raise CheckFailed(
                f"{run}: {output}: {column} of {row['set']} question {row['index']} is {row[column]}; the model gives no finite "
                "score there (did it diverge?)."
            )


def _finite(value: object) -> bool:
    """Texts are; so is an empty list."""
    return isinstance(value, str) or bool(np.isfinite(np.asarray(value, dtype=float)).all())
