"""lm-eval's index of its own tasks, read only as far as the tasks asked for need: the whole is 14,000 files, ten CPU seconds."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any


@cache
def task_manager(names: tuple[str, ...]) -> Any:
    """lm-eval's TaskManager that knows at least these of its own tasks and groups with all that they stand for; without names
    none. Where what a name stands for is not to be told from the files' text alone it knows all."""
    from lm_eval import tasks

    if not names:
        return tasks.TaskManager(include_defaults=False)
    files = read_files(Path(tasks.__file__).parent)
    folders = folders_of(names, files)
    if folders:
        manager = tasks.TaskManager(include_defaults=False, include_path=sorted(folders))
        if stands_whole(
            names,
            manager.task_index,
            [text for folder, texts in files.items() if folder not in folders for text in texts],
        ):
            return manager
    return tasks.TaskManager()


Files = Mapping[str, Sequence[str]]


def read_files(root: Path) -> Files:
    """Folder directly below `root` -> the texts of all files below it."""
    found: dict[str, list[str]] = {}
    for path in sorted(root.rglob("*.yaml")):
        folder = str(root / path.relative_to(root).parts[0])
        found.setdefault(folder, []).append(path.read_text(encoding="utf-8", errors="replace"))
    return found


def folders_of(names: Sequence[str], files: Files) -> set[str]:
    """The folders in which these names are defined; none where one is defined in no or in several places, in a way that one line
    tells (`task: NAME`, `group: NAME`)."""
    line = re.compile(
        rf"^['\"]?(?:task|group)['\"]?: *['\"]?({'|'.join(map(re.escape, names))})['\"]? *$", re.MULTILINE
    )
    found: dict[str, set[str]] = {name: set() for name in names}
    for folder, texts in files.items():
        for name in (name for text in texts for name in line.findall(text)):
            found[name].add(folder)
    return set().union(*found.values()) if all(len(places) == 1 for places in found.values()) else set()


def stands_whole(names: Iterable[str], index: Mapping[str, Any], elsewhere: Sequence[str]) -> bool:
    """Whether an index has all that these names stand for. elsewhere: texts of files that are not in it; a tag that one of them
    names may have more tasks than are known."""
    reached = list(_below(names, index))
    if None in reached:
        return False
    tags = [name for name in reached if name and index[name].kind.name == "TAG"]
    named = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, tags))})(?![\w-])") if tags else None
    return named is None or not any(named.search(text) for text in elsewhere)


def _below(names: Iterable[Any], index: Mapping[str, Any]) -> Iterator[str | None]:
    """The names and all that they stand for; None for one that is not in the index."""
    for name in names:
        if not isinstance(name, str) or name not in index:
            yield None
            continue
        yield name
        yield from _below(stands_for(index[name]), index)


def stands_for(entry: Any) -> list[Any]:
    """Names of the tasks, groups and tags that a group or tag stands for; of a task none. What is no name is there as it is."""
    if entry.kind.name == "TAG":
        return sorted(entry.tags)
    if entry.kind.name != "GROUP":
        return []
    below = (entry.cfg or {}).get("task") or []
    items = below if isinstance(below, list) else [below]
    return [item if isinstance(item, str) else item.get("group") or item.get("task") for item in items]
