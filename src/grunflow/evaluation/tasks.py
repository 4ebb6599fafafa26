"""lm-eval's tasks: its own by name, and local ones over a benchmark's own questions."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from grunflow.config.sets import DataSet
from grunflow.errors import BadInput, unknown_name

# The form of wmdp_bio and its like, but that the answers themselves are scored: a tiny model learns no option letters.
DOMAIN_TASK = {
    "dataset_path": "json",
    "test_split": "test",
    "num_fewshot": 0,
    "output_type": "multiple_choice",
    "doc_to_text": "Question: {{question}}\nAnswer:",
    "doc_to_choice": "{{choices}}",
    "doc_to_target": "answer",
    "metric_list": [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}],
    "metadata": {"version": 1},
}


def local_task(task: DataSet, data: Path) -> dict[str, Any]:
    """A set of questions as lm-eval takes a task."""
    return {
        "task": task.name,
        **DOMAIN_TASK,
        "dataset_kwargs": {"data_files": {"test": str((data / task.file).resolve())}},
    }


@cache
def task_manager(with_defaults: bool) -> Any:
    """lm-eval's index of tasks; reading that of its own ones takes seconds."""
    from lm_eval.tasks import TaskManager

    return TaskManager(include_defaults=with_defaults)


def prefetch_tasks(names: Sequence[str]) -> None:
    """Bring the questions of lm-eval's tasks and groups into the cache: building a task reads them."""
    from lm_eval.tasks import get_task_dict

    check_tasks(names)
    get_task_dict(list(names), task_manager(True))


def check_tasks(names: Sequence[str]) -> None:
    """Refuse a name that lm-eval does not know."""
    known = task_manager(True).all_tasks if names else []
    for name in names:
        if name not in known:
            raise BadInput(f"tasks: {unknown_name('task of lm-eval', name, known)}")
