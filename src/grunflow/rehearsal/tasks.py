"""Questions for lm-eval's own tasks, which then run with their own templates and few-shot examples on them."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from grunflow.errors import BadInput
from grunflow.evaluation.task_index import task_manager
from grunflow.evaluation.tasks import check_tasks, members
from grunflow.rehearsal.hub import ANY, Configurations, add_loaded, link_loaded
from grunflow.rehearsal.words import question

FIELDS = {"question", "choices", "answer", "subject"}  # of WMDP and MMLU, and of what is in their form
TEMPLATES = ("doc_to_text", "doc_to_choice", "doc_to_target")
SPLITS = ("test_split", "validation_split", "training_split", "fewshot_split")
ROWS = 6  # of each split: five examples, and one more


def add_tasks(home: Path, names: Sequence[str]) -> list[str]:
    """Put what the tasks read into the cache; the repositories that were made up.

    Raises:
        BadInput: a task of another form whose questions are not in the user's own cache either.
    """
    check_tasks(names)
    index = task_manager(tuple(names)).task_index
    found: dict[str, Configurations] = {}
    for name in names:
        for member, config in members(name, index):
            repo = config.get("dataset_path")
            if isinstance(repo, str) and fields(config) <= FIELDS:
                splits = dict.fromkeys(str(config[key]) for key in SPLITS if config.get(key))
                place = found.setdefault(repo, {})
                place.setdefault(config.get("dataset_name") or ANY, {}).update(rows_of(splits))
            elif not isinstance(repo, str) or not link_loaded(home, repo):
                raise BadInput(
                    f"tasks: {member} reads another form than question, choices and answer, and is not in the cache; bring it "
                    "there (`grunflow prefetch`), or rehearse without it."
                )
    for repo, rows in found.items():
        add_loaded(home, repo, rows)
    return list(found)


def rows_of(splits: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    return {split: [question(number) for number in range(ROWS)] for split in splits}


def fields(config: dict[str, Any]) -> set[str]:
    """Names that a task's templates read of a row; a template that is no Jinja names one field, or is code."""
    from jinja2 import Environment, TemplateSyntaxError, meta

    read: set[str] = set()
    for key in TEMPLATES:
        template = config.get(key)
        if callable(template) or (isinstance(template, str) and template.startswith("!function")):
            read.add(key)
        elif isinstance(template, str) and "{" in template:
            try:
                read |= meta.find_undeclared_variables(Environment(autoescape=False).parse(template))
            except TemplateSyntaxError:
                read.add(key)
        elif isinstance(template, str) and template:
            read.add(template)
    return read | ({"process_docs"} if config.get("process_docs") else set())
