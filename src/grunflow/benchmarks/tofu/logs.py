"""Evaluation logs in TOFU's published form (`eval_log_aggregated.json`), so that others' models stand beside ours."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from grunflow.benchmarks.base import RETAIN, RunScores
from grunflow.benchmarks.tofu.metrics import METRICS
from grunflow.config.sets import DataSet
from grunflow.errors import BadInput
from grunflow.evaluation.aggregate import per_question, summary

# Section of a log -> evaluation set, and its role.
SECTIONS = {
    "eval_log_forget.json": ("forget", "forget"),
    "eval_log.json": ("retain", "keep"),
    "eval_real_author_wo_options.json": ("real_authors", "world"),
    "eval_real_world_wo_options.json": ("world_facts", "world"),
}
FIELDS = ("avg_gt_loss", "avg_paraphrased_loss", "average_perturb_loss", "rougeL_recall")


def read_log(path: Path) -> pd.DataFrame:
    """A log file as the per-example scores that aggregation reads.

    Raises:
        BadInput: no such file, not JSON, or a section or field is missing.
    """
    try:
        log = json.loads(path.read_text())
    except FileNotFoundError:
        raise BadInput(f"log {path} does not exist; give a TOFU evaluation log (eval_log_aggregated.json).") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"log {path} is not JSON: {error}; give a TOFU evaluation log.") from None
    return scores_of(log, str(path))


def scores_of(log: dict[str, Any], name: str) -> pd.DataFrame:
    """Sections of a log -> rows; losses there are means per token, so every count is 1."""
    return pd.concat([section_scores(log, section, name) for section in SECTIONS], ignore_index=True)


def section_scores(log: dict[str, Any], section: str, name: str) -> pd.DataFrame:
    """One section of a log, named in SECTIONS, as rows of its evaluation set."""
    missing = [field for field in FIELDS if field not in (log.get(section) or {})]
    if missing:
        raise BadInput(f"log {name}: {section} lacks {missing}; expected the fields {list(FIELDS)}.")
    answer, paraphrased, perturbed, rouge = (_values(log[section][field]) for field in FIELDS)
    if len({len(answer), len(paraphrased), len(perturbed), len(rouge)}) != 1:
        raise BadInput(f"log {name}: the fields of {section} differ in length; the log is not whole.")
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


def _values(field: Any) -> list:
    """Some logs hold lists, some dicts by index, in the order of the index."""
    return [field[key] for key in sorted(field, key=int)] if isinstance(field, dict) else list(field)


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
