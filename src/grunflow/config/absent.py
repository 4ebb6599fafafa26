"""Runs that a study goes on without: which of its runs `failed:` names."""

import difflib

from grunflow.config.runs import name_of, parts
from grunflow.config.study import Resolved
from grunflow.errors import NEAR, BadInput


def named(study: Resolved) -> dict[str, str]:
    """Run (runs.name_of) -> why it is absent. A run is named by its folder or the end of it, as long as it is the only one.

    Raises:
        BadInput: a name of no run, of several, or of a model that others start from or are held against; or no run is left.
    """
    found: dict[str, str] = {}
    every = parts(study) if study.failed else []
    runs = [name_of(run) for part in every for run in part.grid]
    references = [name_of(run) for part in every for run in part.every_reference]
    for name, reason in study.failed.items():
        fit = _fitting(name, runs, study)
        if len(fit) > 1:
            raise BadInput(f"config.failed: {name!r} may be {' or '.join(fit)}; write more of its folder.")
        if not fit:
            raise BadInput(f"config.failed: {_unknown(name, runs, _fitting(name, references, study))}")
        found[fit[0]] = " ".join(reason.split())
    for part in every:
        if found and all(name_of(run) in found for run in part.grid):
            raise BadInput(f"config.failed: no run of {part.name} is left; take it out of the grid instead.")
    return found


def _fitting(name: str, places: list[str], study: Resolved) -> list[str]:
    return [place for place in places if f"/results/{study.study}/{place}".endswith(f"/{name.strip('/')}")]


def _unknown(name: str, runs: list[str], references: list[str]) -> str:
    if references:
        return f"{name!r} is a model that runs start from or are held against; nothing goes on without it: change its training."
    ends = {end: place for place in runs for end in (place, place.partition("/runs/")[2], place.rpartition("/")[2])}
    near = difflib.get_close_matches(name, ends, n=1, cutoff=NEAR)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"Unknown run {name!r}.{hint} `grunflow jobs` lists all: rule unlearn."
