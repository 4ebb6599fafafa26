"""What a model hub's errors mean, in words; which files of a model are known to be absent; and the commits that a stage read its repositories at.

Without a `revision` a repository's newest commit is read, which may be another one for the next stage: each manifest holds what was
resolved, by the stage itself and by those that it follows from, and two that differ are refused.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from grunflow.errors import BadInput

# Files of a model, of each of which one name is needed.
CONFIG = ("config.json",)
WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
TOKENIZER = ("tokenizer.json", "tokenizer.model")
UNREACHABLE = {"OfflineModeIsEnabled", "LocalEntryNotFoundError", "ConnectionError", "ConnectError", "ReadTimeout"}
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


def hub_reason(error: BaseException, model: bool = False) -> str:
    """The reason behind a hub error, and what to do about it.

    Args:
        model: whether a model was asked for, which may be in a folder as well.
    """
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
    if kinds & {"RepositoryNotFoundError", "HFValidationError"}:
        nothing = "neither such a folder nor such a repository is there" if model else "no such repository"
        return f"{nothing} (or it is private); correct its name, or set HF_TOKEN."
    if kinds & {"EntryNotFoundError", "RemoteEntryNotFoundError"}:
        return "the repository lacks a file that is needed; check name and revision."
    if kinds & UNREACHABLE:
        nothing = "no such folder is here, the hub" if model else "the hub"
        return (
            f"{nothing} cannot be reached and the cache has no copy; check the network, HF_ENDPOINT and HF_HUB_OFFLINE."
        )
    return " ".join(str(error).split())[:300]


def lacks(source: Path | str, revision: str | None, names: Iterable[str]) -> bool:
    """Whether a folder has none of these files, or a repository is known, from what was asked of the hub before, to have none."""
    if Path(source).is_dir():
        return not any((Path(source) / name).is_file() for name in names)
    from huggingface_hub import _CACHED_NO_EXIST, try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        return all(try_to_load_from_cache(str(source), name, revision=revision) is _CACHED_NO_EXIST for name in names)
    except HFValidationError:  # no name of a repository
        return False


def lacking_reason(names: Iterable[str]) -> str:
    return (
        f"there is no {' nor '.join(names)}; name a repository or folder that holds the whole model, or copy it again."
    )
