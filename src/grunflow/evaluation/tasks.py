"""lm-eval's tasks: its own by name, and local ones over a benchmark's own questions."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from grunflow.config.sets import DataSet
from grunflow.errors import BadInput, unknown_name
from grunflow.evaluation.task_index import stands_for, task_manager

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


def prefetch_tasks(names: Sequence[str]) -> None:
    """Bring the questions of lm-eval's tasks and groups into the cache: building a task reads them."""
    from lm_eval.tasks import get_task_dict

    check_tasks(names)
    get_task_dict(list(names), task_manager(tuple(names)))


def check_tasks(names: Sequence[str]) -> None:
    """Before anything is trained: refuse a name that lm-eval does not know, and a task whose answers could not be counted.

    Raises:
        BadInput: it is unknown, a tag, or a task of it has no `acc` of single questions.
    """
    index = task_manager(tuple(names)).task_index if names else {}
    for name in names:
        if name not in index:
            raise BadInput(f"tasks: {unknown_name('task of lm-eval', name, index)}")
        if index[name].kind.name == "TAG":
            raise BadInput(
                f"tasks: {name} is a tag of lm-eval, which has no figure of its own; name its tasks: {', '.join(sorted(index[name].tags))}."
            )
        for member, config in members(name, index):
            reason = unfit(config)
            if reason:
                of = "" if member == name else f" of {name}"
                raise BadInput(f"tasks: {member}{of} {reason}; name tasks of multiple choice.")


def members(name: str, index: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and config of every task of a task, group or tag, as far as lm-eval's index tells."""
    entry = index[name]
    if entry.kind.name not in ("TAG", "GROUP"):
        yield name, entry.cfg or {}
        return
    for known in stands_for(entry):
        if isinstance(known, str) and known in index:
            yield from members(known, index)


def unfit(config: Mapping[str, Any]) -> str | None:
    """Why the questions of a task of lm-eval have no `acc` that counts each once; None where they have, or only its code knows."""
    form, filters, stated = config.get("output_type"), config.get("filter_list") or (), config.get("metric_list")
    if form not in (None, "multiple_choice", "loglikelihood"):
        return f"asks for {form}, which carriers have no form of"
    if len(filters) > 1:
        told = ", ".join(str(item.get("name")) for item in filters)
        return f"has the filters {told}: its questions would count several times"
    if stated and "acc" not in [item.get("metric") for item in stated]:
        return "has no `acc`"
    return None
