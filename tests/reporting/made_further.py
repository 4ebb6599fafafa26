"""Made-up metrics of runs that are put under conditions, attacked and asked to forget in turn, from those of made_up.questions.

Forget scores of a carrier rise by a known amount, so that figures can be worked out by hand.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from tests.reporting.made_up import QUESTIONS, Frames

KNOWN = ("rougeL", "probability", "truth_ratio", "truth_ratio_grun")
ASKED = {"": 0.0, "full": 0.3, "lora": 0.2, "grun": 0.1}  # what a condition adds to forget scores, by carrier
RELEARNT = {"": 0.1, "full": 0.5, "lora": 0.6, "grun": 0.2}
STEPS, REQUESTS = (0, 8), 2
# A name of each kind that config/claims.yaml speaks of, and both sequences.
CONDITIONS = {"paraphrased": "black-box", "nf4": "white-box"}
ATTACKS, SEQUENCES = ("relearn",), ("in_turn", "added")


def further(frames: Frames) -> Frames:
    """The same with these conditions, attacked, and asked in two requests."""
    metrics, questions = frames["metrics"], frames["questions"]
    found = [(metrics, questions)]
    runs, methods = (metrics["objective"] != "target"), (metrics["carrier"] != "")
    for name, access in CONDITIONS.items():
        who = metrics[methods] if access == "white-box" else metrics
        found.append(again(who, questions, ASKED, condition=name, access=access))
    for name in ATTACKS:
        for steps in STEPS:
            gains = RELEARNT if steps else {}
            told = {"access": "white-box", "point": str(steps), "strength": float(steps)}
            found.append(again(metrics[runs], questions, gains, condition=name, **told))
    for name in SEQUENCES:
        who = metrics[methods & ((name == "in_turn") | (metrics["carrier_kind"] == "grun"))]
        for step in range(1, REQUESTS + 1):
            for request in range(step + 1):
                told = {"point": f"{step}/{request}", "strength": float(step), "request": float(request)}
                found.append(again(who, questions, {}, (request, step), condition=name, **told))
    return frames | {
        name: pd.concat([pair[place] for pair in found], ignore_index=True)
        for place, name in enumerate(("metrics", "questions"))
    }


def again(
    who: pd.DataFrame, questions: pd.DataFrame, gains: Mapping[str, float], part: tuple[int, int] | None = None, **told: object
) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """Rows of metrics and questions of these runs once more. part: request and step, whose forget questions alone are asked."""
    kinds = who.set_index("run")["carrier_kind"]
    rows = questions[questions["run"].isin(kinds.index)].reset_index(drop=True)
    forget = rows["set"] == "forget"
    if part is not None:
        request, step = part
        each = QUESTIONS // REQUESTS
        first, last = (request - 1, request) if request else (0, step)
        rows = rows[~forget | rows["index"].between(first * each, last * each - 1)].reset_index(drop=True)
        forget = rows["set"] == "forget"
    for name in KNOWN:
        raised = rows[name] + rows["run"].map(kinds).map(dict(gains)).fillna(0.0) * forget
        rows[name] = np.clip(raised, 0, 1)
    rows = rows.assign(**{name: told[name] for name in ("condition", "point") if name in told})
    means = rows[rows["set"] == "forget"].groupby("run")[list(KNOWN)].mean().add_prefix("forget_")
    found = who.drop(columns=list(means)).merge(means, left_on="run", right_index=True)
    return found.assign(**told), rows
