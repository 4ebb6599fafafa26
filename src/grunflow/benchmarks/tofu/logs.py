"""Evaluation logs in TOFU's published form (`eval_log_aggregated.json`), so that others' models stand beside ours."""

import json
import math
from pathlib import Path
from typing import Any

import pandas as pd

from grunflow.benchmarks.base import RETAIN, RunScores
from grunflow.benchmarks.tofu.metrics import METRICS
from grunflow.config.sets import DataSet
from grunflow.data.reading import read_text
from grunflow.errors import BadInput
from grunflow.evaluation.aggregate import per_question, summary

# Section of a log -> evaluation set, and its role.
SECTIONS = {
    "eval_log_forget.json": ("forget", "forget"),
    "eval_log.json": ("retain", "keep"),
    "eval_real_author_wo_options.json": ("real_authors", "world"),
    "eval_real_world_wo_options.json": ("world_facts", "world"),
}
WRONG, RECALL = "average_perturb_loss", "rougeL_recall"
FIELDS = ("avg_gt_loss", "avg_paraphrased_loss", WRONG, RECALL)
OPEN_UNLEARNING = "forget_truth_ratio"  # a metric of its form, where TOFU's has sections


def read_log(path: Path) -> pd.DataFrame:
    """A log file as the per-example scores that aggregation reads.

    Raises:
        BadInput: no such file, not JSON, another form, or a value that is none of its field; names section and field.
    """
    try:
        log = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise BadInput(f"log {path} is not JSON: {error}; give a TOFU evaluation log.") from None
    if not isinstance(log, dict):
        raise BadInput(
            f"log {path}: got {type(log).__name__}, expected an object with the sections {', '.join(SECTIONS)}."
        )
    if OPEN_UNLEARNING in log:
        raise BadInput(
            f"log {path}: this is open-unlearning's TOFU_EVAL.json ({OPEN_UNLEARNING}), which is not read yet; give TOFU's own "
            "form (eval_log_aggregated.json)."
        )
    return scores_of(log, str(path))


def scores_of(log: dict[str, Any], name: str) -> pd.DataFrame:
    """Sections of a log -> rows; losses there are means per token, so every count is 1."""
    return pd.concat([section_scores(log, section, name) for section in SECTIONS], ignore_index=True)


def section_scores(log: dict[str, Any], section: str, name: str) -> pd.DataFrame:
    """One section of a log, named in SECTIONS, as rows of its evaluation set."""
    content, where = log.get(section), f"log {name}: {section}"
    missing = [field for field in FIELDS if field not in (content if isinstance(content, dict) else {})]
    if missing or not isinstance(content, dict):
        raise BadInput(f"{where} lacks {missing}; expected the fields {list(FIELDS)}.")
    fields = {field: _values(content[field], f"{where}: {field}") for field in FIELDS}
    indices = {tuple(values) for values in fields.values()}
    if len(indices) != 1:
        sizes = ", ".join(f"{field} {min(values)} to {max(values)}" for field, values in fields.items())
        raise BadInput(f"{where}: its fields have different indices ({sizes}); the log is not whole.")
    checked = {
        field: [_checked(value, field, f"{where}: {field}[{index}]") for index, value in values.items()]
        for field, values in fields.items()
    }
    answer, paraphrased, perturbed, rouge = (checked[field] for field in FIELDS)
    return pd.DataFrame(
        {
            "set": SECTIONS[section][0],
            "index": range(len(answer)),
            "rougeL": rouge,
            "nll_answer": answer,
            "n_answer": 1,
            "nll_paraphrased": paraphrased,
            "n_paraphrased": 1,
            "nll_perturbed": perturbed,
            "n_perturbed": [[1] * len(losses) for losses in perturbed],
        }
    )


def _values(field: Any, where: str) -> dict[int, Any]:
    """Index -> value, in order. Some logs hold lists, some objects by index."""
    if isinstance(field, list):
        field = dict(enumerate(field))
    if not isinstance(field, dict) or not field:
        raise BadInput(f"{where}: got {json.dumps(field)[:60]}, expected values by their index, at least one.")
    try:
        return {int(key): field[key] for key in sorted(field, key=int)}
    except ValueError:
        named = next(key for key in field if not str(key).isdigit())
        raise BadInput(f"{where}: got the index {named!r}, expected whole numbers.") from None


def _checked(value: Any, field: str, where: str) -> Any:
    """A finite number; of the wrong answers a list of them, of ROUGE a share."""
    if field == WRONG:
        if not isinstance(value, list) or not value:
            raise BadInput(f"{where}: got {json.dumps(value)[:60]}, expected a list of losses.")
        return [_checked(loss, "", where) for loss in value]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadInput(f"{where}: got {json.dumps(value)[:60]}, expected a finite number.")
    if field == RECALL and not 0 <= value <= 1:
        raise BadInput(f"{where}: got {value}, expected a share from 0 to 1.")
    return value


def questions_of(path: Path) -> RunScores:
    """A log as the scores of one run."""
    frames = {"answers": read_log(path)}
    sets = [DataSet(name=name, role=role, file="") for name, role in SECTIONS.values()]  # type: ignore[arg-type]
    return RunScores(per_question(METRICS, sets, frames), frames)


def score_log(path: Path, retain: Path | None) -> dict[str, float | int]:
    """Every metric of a log; with the retain model's log also Forget Quality."""
    run = questions_of(path)
    references = {} if retain is None else {RETAIN: questions_of(retain)}
    return summary(METRICS, RunScores(run.questions, run.frames, references))
