"""Files that a study names: each is there and can be read before anything starts, not when the stage that reads it is reached."""

import os
from collections.abc import Iterator
from pathlib import Path

from grunflow.benchmarks.base import declared
from grunflow.config.claims import read_claims
from grunflow.config.layouts import read_layouts
from grunflow.config.study import Resolved
from grunflow.errors import BadInput


def check_files(study: Resolved) -> None:
    """Refuse a study with a file that is not there; sheets of claims and of layouts are read whole (those of
    numbers with the jobs, which know the metrics).

    Raises:
        BadInput: names the key and the file.
    """
    for key, path in named_files(study):
        check_readable(key, path)
    if study.claims:
        read_claims(study.claims)
    read_layouts(study.published)


def named_files(study: Resolved) -> Iterator[tuple[str, Path]]:
    """Key -> file, of all that stages read and no job makes; of benchmarks those that the grid uses."""
    for place, sheet in enumerate(study.published):
        yield f"config.published[{place}]", Path(sheet)
    for place, item in enumerate(study.published_logs):
        yield f"config.published_logs[{place}].log", Path(item.log)
        if item.retain_log:
            yield f"config.published_logs[{place}].retain_log", Path(item.retain_log)
    used = {rows.benchmark for rows in study.grid}
    for spec in study.resolved:
        if spec.name in used:
            for file in declared(spec).files:
                yield f"config.benchmarks.{spec.name}", Path(file)


def check_readable(key: str, path: Path) -> None:
    if not path.exists():
        raise BadInput(f"{key}: no file {str(path)!r}. Run from the repository's root, or correct the path.")
    if not path.is_file():
        raise BadInput(f"{key}: {str(path)!r} is no file; correct the path.")
    if not os.access(path, os.R_OK):
        raise BadInput(f"{key}: {str(path)!r} may not be read; give yourself the right to.")
