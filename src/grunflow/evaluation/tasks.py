"""lm-eval's tasks: its own by name, and local ones over the questions of generated domains."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

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


def write_domain_task(domain: str, folder: Path) -> None:
    """<domain>.yaml; its data file stands relative to the folder above."""
    folder.mkdir(exist_ok=True)
    task = {"task": domain, **DOMAIN_TASK, "dataset_kwargs": {"data_files": {"test": f"questions/{domain}.json"}}}
    (folder / f"{domain}.yaml").write_text(yaml.safe_dump(task, sort_keys=False))


def local_task(name: str, data: Path) -> dict[str, Any] | None:
    """The local task of that name with its data file in place, as lm-eval takes it; None where there is none."""
    file = data / "tasks" / f"{name}.yaml"
    if not file.is_file():
        return None
    task = yaml.safe_load(file.read_text())
    task["dataset_kwargs"]["data_files"]["test"] = str((data / f"questions/{name}.json").resolve())
    return task


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
            raise BadInput(f"wmdp.tasks: {unknown_name('task of lm-eval', name, known)}")
