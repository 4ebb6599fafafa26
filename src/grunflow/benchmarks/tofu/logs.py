"""Evaluation logs that others published, so that their models stand beside ours: TOFU's form (`eval_log_aggregated.json`), and
open-unlearning's (open_unlearning.py)."""

import logging
import math
from pathlib import Path
from typing import Any

import pandas as pd

from grunflow.benchmarks.base import RETAIN, RunScores
from grunflow.benchmarks.tofu import open_unlearning
from grunflow.benchmarks.tofu.log_values import by_index, number, read_root, same_questions, shown
from grunflow.benchmarks.tofu.metrics import METRICS
from grunflow.benchmarks.tofu.open_unlearning import Log, has_utility
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
WRONG, RECALL = "average_perturb_loss", "rougeL_recall"
FIELDS = ("avg_gt_loss", "avg_paraphrased_loss", WRONG, RECALL)
EXPECTED = f"an object: TOFU's eval_log_aggregated.json with the sections {', '.join(SECTIONS)}, or open-unlearning's TOFU_EVAL.json"
NEEDS_EVERY_SET = ("model_utility",)
log = logging.getLogger(__name__)


def read_log(path: Path) -> pd.DataFrame:
    """A log file as the per-example scores that aggregation reads.

    Raises:
        BadInput: no such file, not JSON, another form, or a value that is none of its field; names section and field.
    """
    return scores_of(read_root(path, EXPECTED), str(path))


def scores_of(root: dict[str, Any], name: str) -> pd.DataFrame:
    """Sections of a log -> rows; losses there are means per token, so every count is 1."""
    return pd.concat([section_scores(root, section, name) for section in SECTIONS], ignore_index=True)


def section_scores(root: dict[str, Any], section: str, name: str) -> pd.DataFrame:
    """One section of a log, named in SECTIONS, as rows of its evaluation set."""
    content, where = root.get(section), f"log {name}: {section}"
    missing = [field for field in FIELDS if field not in (content if isinstance(content, dict) else {})]
    if missing or not isinstance(content, dict):
        raise BadInput(f"{where} lacks {missing}; expected the fields {list(FIELDS)}.")
    fields = {field: by_index(content[field], f"{where}: {field}") for field in FIELDS}
    same_questions(fields, where)
    checked = {
        field: [_checked(value, field, f"{where}: {field}[{index}]") for index, value in values.items()]
        for field, values in fields.items()
    }
    _as_many(checked[WRONG], f"{where}: {WRONG}")
    answer, paraphrased, perturbed, rouge = (checked[field] for field in FIELDS)
    return pd.DataFrame(
        {
            "set": SECTIONS[section][0],
            "index": range(len(answer)),
            "generation": "",  # not read: the log's own ROUGE-L stands beside it
            "rougeL": rouge,
            "nll_answer": answer,
            "n_answer": 1,
            "nll_paraphrased": paraphrased,
            "n_paraphrased": 1,
            "nll_perturbed": perturbed,
            "n_perturbed": [[1] * len(losses) for losses in perturbed],
        }
    )


def _checked(value: Any, field: str, where: str) -> Any:
    """A loss in nats; of the wrong answers a list of them, of ROUGE a share."""
    if field != WRONG:
        return number(value, where, highest=1.0 if field == RECALL else math.inf)
    if not isinstance(value, list) or not value:
        raise BadInput(f"{where}: got {shown(value)}, expected a list of losses.")
    return [number(loss, f"{where}[{place}]") for place, loss in enumerate(value)]


def _as_many(losses: list[list[float]], where: str) -> None:
    """TOFU's questions of a set have equally many wrong answers.

    Raises:
        BadInput: one has more or fewer.
    """
    for place, own in enumerate(losses):
        if len(own) != len(losses[0]):
            raise BadInput(
                f"{where}: question {place} has {len(own)} wrong answers, the first {len(losses[0])}; the log is not whole."
            )


def read_run(path: Path) -> Log:
    """A log of either form as the scores of one run.

    Raises:
        BadInput: as read_log says.
    """
    root = read_root(path, EXPECTED)
    if open_unlearning.is_one(root):
        return open_unlearning.scores_of(root, str(path))
    frames = {"answers": scores_of(root, str(path))}
    sets = [DataSet(name=name, role=role, file="") for name, role in SECTIONS.values()]  # type: ignore[arg-type]
    return Log(RunScores(per_question(METRICS, sets, frames), frames), {})


def score_log(path: Path, retain: Path | None) -> dict[str, float]:
    """Every metric of a log; with the retain model's log also Forget Quality. What only the log itself says of a whole run is
    taken from it where its questions do not give it."""
    run, told = read_run(path)
    references = {} if retain is None else {RETAIN: read_run(retain).run}
    whole = [metric for metric in METRICS if metric.name not in NEEDS_EVERY_SET or has_utility(run.questions)]
    found = summary(whole, RunScores(run.questions, run.frames, references))
    told = {name: value for name, value in told.items() if name not in found}
    if told:
        log.warning("%s: %s: the log's own figure; it follows from questions that are not in it", path, ", ".join(told))
    return found | told
