"""What an export names as the model beneath its adapters or edits."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from grunflow.loaded import Run


class Base(NamedTuple):
    """A repository's name, or a path as seen from the exported folder; revision: the repository's commit, where one is known."""

    name: str
    revision: str | None
    local: bool


def base_of(run: Run, commits: Mapping[str, str], to: Path, given: str | None) -> Base | None:
    """The user's own word for it, else the folder that the run started from, else the hub's repository that it did; None of a model
    from scratch.

    Args:
        commits: of the run's manifest.
    """
    repo = run.spec.model.repo
    if given is not None:
        return Base(given, None, (to / given).is_dir())
    if len(run.links) > 1:
        return Base(seen_from(to, run.links[0]), None, True)
    if repo is None:
        return None
    if Path(repo).is_dir():
        return Base(seen_from(to, Path(repo)), None, True)
    asked = f"model {repo}{f'@{run.spec.model.revision}' if run.spec.model.revision else ''}"
    return Base(repo, commits.get(asked, run.spec.model.revision), False)


def seen_from(to: Path, folder: Path) -> str:
    return os.path.relpath(folder.absolute(), to.absolute())
