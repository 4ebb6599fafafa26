"""Finished models of others among a benchmark's rows: told apart from the study's own, which alone are compared and judged."""

import pandas as pd

from grunflow.benchmarks.base import EXTERNAL

KIND = "carrier_kind"


def is_external(rows: pd.DataFrame) -> pd.Series:
    return rows[KIND] == EXTERNAL


def own(rows: pd.DataFrame) -> pd.DataFrame:
    """The study's own models; all of a table that tells no kind of carrier."""
    return rows[~is_external(rows)] if KIND in rows else rows


def called(rows: pd.DataFrame) -> pd.Series:
    """Names of carriers for people."""
    return rows["carrier"].where(~is_external(rows), rows["carrier"] + f" ({EXTERNAL})")
