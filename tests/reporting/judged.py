"""Made-up claims and the tables that they are judged by."""

from typing import Any

import pandas as pd

from grunflow.config.claims import Claim
from grunflow.reporting.claim_conditions import Study
from grunflow.reporting.claims import verdicts as verdicts_of

BETTER = {"table": "t", "column": "gain", "where": {"carrier": "grun", "objective": "{objective}"}, "above": 0}


NO_WORSE = {"table": "t", "column": "loss", "where": {"carrier": "grun", "objective": "{objective}"}, "below": 0.05}


NAN = float("nan")


def claim(**changes) -> Claim:
    base = {"id": "keeps", "statement": "{objective} keeps", "read": "first hand", "source": "the paper", "models": ["big"],
            "each": {"objective": ["gd"]}, "conditions": [BETTER, NO_WORSE]}  # fmt: skip
    return Claim.model_validate(base | changes)


def table(
    gain: tuple[float, float, float], loss: tuple[float, float, float], model: str = "tiny"
) -> dict[str, pd.DataFrame]:
    row = {"model": model, "objective": "gd", "carrier": "grun", "seeds": 3}
    for name, figure in (("gain", gain), ("loss", loss)):
        row |= dict(zip((name, f"{name}_lo", f"{name}_hi"), figure, strict=True))
    return {"t": pd.DataFrame([row, row | {"carrier": "full"}])}


def verdicts(claims: list[Claim], tables: dict[str, pd.DataFrame], study: str, **keys: Any) -> list[dict]:
    return verdicts_of(claims, Study(study, tables, **keys))
