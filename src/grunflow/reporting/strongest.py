"""What shows most of the forgotten again, carrier by carrier, from the tables robustness and relearning: lines of the first screen."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from grunflow.reporting.forms import figure_text
from grunflow.reporting.tables.main import ACCESS, CONDITION, STRENGTH
from grunflow.reporting.tables.relearning import ATTACK
from grunflow.reporting.tables.robustness import CHANGE, MEASURE

BLACK_BOX = "black-box"
OF = ("benchmark", "model")
KINDS = (ATTACK, BLACK_BOX)  # what others can do: white-box conditions are bounds


def strongest(tables: Mapping[str, pd.DataFrame]) -> list[dict[str, Any]]:
    """Of each carrier the attack (with its number of steps) and the black-box condition after which the leak has grown most, over all
    objectives, the larger first; nothing where a study has neither. whose: carrier, and of which benchmark and model where there are
    several. found: what, objective, change with its interval (of that row alone: not corrected for being the largest), measure."""
    rows = pd.DataFrame() if "robustness" not in tables else kinds(tables["robustness"], tables.get("relearning"))
    if rows.empty:
        return []
    several = [name for name in OF if rows[name].nunique() > 1]
    return [
        {
            "whose": " · ".join(map(str, (whose[-1], *(part[name].iloc[0] for name in several)))),
            "found": list(told(part)),
        }
        for whose, part in rows.groupby([*OF, "carrier"], sort=False)
    ]


def kinds(robustness: pd.DataFrame, relearning: pd.DataFrame | None) -> pd.DataFrame:
    """Rows of methods under attacks and black-box conditions whose leak can be held against the plain question's, with `kind`."""
    attacks = set() if relearning is None else set(zip(relearning["benchmark"], relearning[ATTACK], strict=True))
    attacked = [name in attacks for name in zip(robustness["benchmark"], robustness[CONDITION], strict=True)]
    rows = robustness.assign(kind=robustness[ACCESS].mask(attacked, ATTACK))
    return rows[rows["kind"].isin(KINDS) & (rows["carrier"] != "") & rows[CHANGE].notna()]


def told(rows: pd.DataFrame) -> Iterable[dict[str, str]]:
    """The largest of each kind, the larger first."""
    for row in rows.sort_values(CHANGE, ascending=False, kind="stable").drop_duplicates("kind").to_dict("records"):
        steps = f" after {row[STRENGTH]:g} steps" if row["kind"] == ATTACK else ""
        seeds = ", one seed" if row["seeds"] == 1 else ""
        mean, lo, hi = (float(row[f"{CHANGE}{end}"]) for end in ("", "_lo", "_hi"))
        change = figure_text(mean, lo, hi, "+.3f")
        yield {"what": f"{row['kind']} {row[CONDITION].replace('_', ' ')}{steps}{seeds}", "objective": row["objective"],
               "change": change, "measure": row[MEASURE].replace("_", " ")}  # fmt: skip
