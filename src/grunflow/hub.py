"""What a model hub's errors mean, in words; and the commits that a stage read its repositories at.

Without a `revision` a repository's newest commit is read, which may be another one for the next stage: each manifest holds what was
resolved, by the stage itself and by those that it follows from, and two that differ are refused.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from grunflow.errors import BadInput

Commits = dict[str, str]  # repository, with its kind and the revision that was asked for -> commit
_held: list[Commits] = []


@contextmanager
def holding(known: Commits) -> Iterator[None]:
    """Inside the block each commit that is resolved is held against `known`, and added to it."""
    _held.append(known)
    try:
        yield
    finally:
        _held.pop()


def resolved(kind: str, repo: str, revision: str | None, commit: str) -> None:
    """Say at which commit a repository is read.

    Raises:
        BadInput: what this stage follows from was made with another one.
    """
    name = f"{kind} {repo}{f'@{revision}' if revision else ''}"
    for known in _held:
        if known.setdefault(name, commit) != commit:
            raise BadInput(f"{name}: is at {commit[:12]} now, and an input was made with {known[name][:12]}; {PIN}")


def agreed(made: Iterable[tuple[str, Mapping[str, Any]]]) -> Commits:
    """The commits that all of these folders (name, manifest) rest on.

    Raises:
        BadInput: two rest on different ones.
    """
    found: Commits = {}
    first: dict[str, str] = {}
    for folder, manifest in made:
        for name, commit in manifest.get("commits", {}).items():
            if found.setdefault(name, commit) != commit:
                raise BadInput(
                    f"input {folder}: was made with {name} at {commit[:12]}, {first[name]} with {found[name][:12]}; {PIN}"
                )
            first.setdefault(name, folder)
    return found


PIN = (
    "pin one (`grunflow prefetch --pin`, or `revision`), delete what was made with the other, and run snakemake again."
)


def hub_reason(error: BaseException) -> str:
    """The reason behind a hub error, and what to do about it."""
    chain: list[BaseException] = []
    seen: BaseException | None = error
    while seen is not None and seen not in chain:
        chain.append(seen)
        seen = seen.__cause__ or seen.__context__
    kinds = {type(item).__name__ for item in chain}
    if "GatedRepoError" in kinds:
        return "access is restricted: ask for it on the repository's page, then set HF_TOKEN."
    if "RevisionNotFoundError" in kinds:
        return "no such revision; correct `revision` in the config."
    if kinds & {"RepositoryNotFoundError"}:
        return "no such repository (or it is private); correct its name, or set HF_TOKEN."
    if kinds & {"EntryNotFoundError", "RemoteEntryNotFoundError"}:
        return "the repository lacks a file that is needed; check name and revision."
    if kinds & {"OfflineModeIsEnabled", "LocalEntryNotFoundError", "ConnectionError", "ConnectError", "ReadTimeout"}:
        return "the hub cannot be reached and the cache has no copy; check the network, HF_ENDPOINT and HF_HUB_OFFLINE."
    return " ".join(str(error).split())[:300]
