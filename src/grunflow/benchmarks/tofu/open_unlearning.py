"""open-unlearning's evaluation log (`TOFU_EVAL.json`): metric -> {agg_value, value_by_index}.

Source: open-unlearning (d3d7cf9), src/evals/metrics/memorization.py and configs/eval/tofu_metrics. Its Truth Ratio is
exp(-mean wrong loss) / (exp(-loss) + 1e-10) per question, as ours but for the 1e-10. The authors' form of it is not in the log.
"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from grunflow.benchmarks.base import RunScores
from grunflow.benchmarks.tofu.log_values import by_index, number, same_questions, shown
from grunflow.benchmarks.tofu.metrics import KNOWN, UTILITY_SETS
from grunflow.errors import BadInput
from grunflow.evaluation import truth_ratio as ratios

# Set -> metric of the log, key of a question's value, our name.
READ = {
    "forget": (
        ("forget_Q_A_ROUGE", "rougeL_recall", "rougeL"),
        ("forget_Q_A_Prob", "prob", "probability"),
        ("forget_truth_ratio", "score", "raw_ratio"),
    ),
    "retain": (
        ("retain_Q_A_ROUGE", "rougeL_recall", "rougeL"),
        ("retain_Q_A_Prob", "prob", "probability"),
        ("retain_Truth_Ratio", "score", "raw_ratio"),
    ),
    "real_authors": (
        ("ra_Q_A_ROUGE", "rougeL_recall", "rougeL"),
        ("ra_Q_A_Prob_normalised", "prob", "probability"),
        ("ra_Truth_Ratio", "score", "raw_ratio"),
    ),
    "world_facts": (
        ("wf_Q_A_ROUGE", "rougeL_recall", "rougeL"),
        ("wf_Q_A_Prob_normalised", "prob", "probability"),
        ("wf_Truth_Ratio", "score", "raw_ratio"),
    ),
}
OF_RUNS = ("model_utility", "forget_quality")
AGGREGATE, QUESTIONS = "agg_value", "value_by_index"
CLOSE = 1e-4  # of its mean and ours: single precision, and the 1e-10


class Log(NamedTuple):
    """run: the log's scores. told: what the log itself says of the whole run."""

    run: RunScores
    told: dict[str, float]


def is_one(root: dict[str, Any]) -> bool:
    """Whether a log has this form."""
    return any(isinstance(value, dict) and AGGREGATE in value for value in root.values())


def scores_of(root: dict[str, Any], name: str) -> Log:
    """A log as the scores of one run; metrics that it lacks are left out.

    Raises:
        BadInput: a value that is none of its field, or an `agg_value` that its questions do not give.
    """
    frames = [_of_set(root, kind, f"log {name}") for kind in READ]
    questions = pd.concat([frame for frame in frames if len(frame)] or [pd.DataFrame()], ignore_index=True)
    if questions.empty:
        every = [metric for rows in READ.values() for metric, *_ in rows]
        raise BadInput(f"log {name}: none of its metrics holds {QUESTIONS}; expected some of {', '.join(every)}.")
    told = {
        metric: number(root[metric].get(AGGREGATE), f"log {name}: {metric}: {AGGREGATE}", highest=1.0)
        for metric in OF_RUNS
        if isinstance(root.get(metric), dict) and root[metric].get(AGGREGATE) is not None
    }
    return Log(RunScores(questions.assign(gate=np.nan), {"answers": questions}), told)


def has_utility(questions: pd.DataFrame) -> bool:
    """Whether the nine means behind Model Utility can be taken."""
    asked = questions[questions["set"].isin(UTILITY_SETS)]
    return set(UTILITY_SETS) <= set(asked["set"]) and bool(asked.reindex(columns=list(KNOWN)).notna().all(axis=None))


def _of_set(root: dict[str, Any], kind: str, where: str) -> pd.DataFrame:
    """set, index and a column per metric that the log has of this set."""
    found = {ours: _values(root[metric], key, f"{where}: {metric}") for metric, key, ours in READ[kind]
             if isinstance(root.get(metric), dict) and QUESTIONS in root[metric]}  # fmt: skip
    if not found:
        return pd.DataFrame()
    same_questions(found, f"{where}: {kind}")
    columns = {ours: np.array(list(values.values())) for ours, values in found.items()}
    if "raw_ratio" in columns:
        of_set = ratios.on_forget if kind == "forget" else ratios.on_others
        columns["truth_ratio"] = of_set(columns["raw_ratio"])
    for metric, _, ours in READ[kind]:
        if ours in found:
            _agrees(root[metric], columns["truth_ratio" if ours == "raw_ratio" else ours], f"{where}: {metric}")
    return pd.DataFrame({"set": kind, "index": list(next(iter(found.values()))), **columns})


def _values(metric: dict[str, Any], key: str, where: str) -> dict[int, float]:
    """Index -> value of the key; a share, but for the ratios."""
    found = {}
    for index, value in by_index(metric[QUESTIONS], where).items():
        if not isinstance(value, dict) or key not in value:
            raise BadInput(f"{where}[{index}]: got {shown(value)}, expected an object with {key}.")
        found[index] = number(value[key], f"{where}[{index}].{key}", **({} if key == "score" else {"highest": 1.0}))
    return found


def _agrees(metric: dict[str, Any], values: np.ndarray, where: str) -> None:
    """The log's own mean is that of its questions."""
    if metric.get(AGGREGATE) is None:
        return
    told, mean = number(metric[AGGREGATE], f"{where}: {AGGREGATE}"), float(values.mean())
    if abs(told - mean) > CLOSE * max(1.0, abs(told)):
        raise BadInput(
            f"{where}: {AGGREGATE} is {told:.6g}, its {len(values)} questions give {mean:.6g}; the log is not whole, or made with "
            "another aggregator (only TOFU's own are read)."
        )
