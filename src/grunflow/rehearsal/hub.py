"""A cache as huggingface_hub and datasets keep one, filled with what was made up, so that stages find a study's repositories by
their own names and offline, as a compute node does after `grunflow prefetch`."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

Configurations = dict[str, dict[str, list[dict[str, Any]]]]
ANY = "default"  # the configuration of a data set that has one only


def environment(home: Path) -> dict[str, str]:
    """Variables with which a process reads this cache and no hub."""
    home = home.absolute()
    return {
        "HF_HOME": str(home),
        "HF_HUB_CACHE": str(home / "hub"),
        "HF_DATASETS_CACHE": str(home / "datasets"),
        "HF_HUB_OFFLINE": "1",
    }


def add_repository(home: Path, kind: str, repo: str, fill: Callable[[Path], None]) -> str:
    """Put a repository into the cache in place of what lies there; its commit, which follows from its files alone.

    Args:
        kind: model or dataset.
        fill: writes the files into the folder that it is given.
    """
    place = home / "hub" / f"{kind}s--{repo.replace('/', '--')}"
    shutil.rmtree(place, ignore_errors=True)
    draft = place / "draft"
    draft.mkdir(parents=True)
    fill(draft)
    commit = _commit(draft)
    (place / "snapshots").mkdir()
    draft.rename(place / "snapshots" / commit)
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text(commit)
    return commit


def _commit(folder: Path) -> str:
    """Forty digits over names and contents."""
    known = hashlib.sha1(usedforsecurity=False)
    for path in sorted(item for item in folder.rglob("*") if item.is_file()):
        known.update(f"{path.relative_to(folder)} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return known.hexdigest()


def write_dataset(folder: Path, rows: Configurations) -> None:
    """<configuration>/<split>.jsonl, and the card that says which files a configuration has."""
    card = []
    for name, splits in rows.items():
        files = [{"split": split, "path": f"{name}/{split}.jsonl"} for split in splits]
        card.append({"config_name": name, "data_files": files})
        for split, items in splits.items():
            path = folder / name / f"{split}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_lines(items))
    (folder / "README.md").write_text(f"---\n{yaml.safe_dump({'configs': card}, sort_keys=False)}---\n")


def _lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def add_loaded(home: Path, repo: str, rows: Configurations) -> None:
    """Put a data set into the cache of `datasets`, as if `load_dataset` had read it before: what lm-eval's tasks read offline."""
    from datasets.packaged_modules.json.json import Json
    from datasets.utils.logging import disable_progress_bar

    disable_progress_bar()
    name = repo.rpartition("/")[2]
    own = _loaded(home / "datasets", repo)
    _remove(own)
    sources = home / "rows" / repo.replace("/", "--")
    for configuration, splits in rows.items():
        files = {}
        for split, items in splits.items():
            path = sources / configuration / f"{split}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_lines(items))
            files[split] = [str(path)]
        place = own / configuration / "0.0.0" / _commit(sources / configuration)
        builder = Json(cache_dir=str(home / "drafts"), dataset_name=name, config_name=configuration, data_files=files)
        builder.download_and_prepare(os.path.abspath(place))


def link_loaded(home: Path, repo: str) -> bool:
    """Lead to what the user's own cache of `datasets` holds of a data set; whether it holds something."""
    from datasets.config import HF_DATASETS_CACHE

    there, own = _loaded(Path(HF_DATASETS_CACHE), repo), _loaded(home / "datasets", repo)
    if there.is_dir():
        _remove(own)
        own.parent.mkdir(parents=True, exist_ok=True)
        own.symlink_to(there.absolute())
    return there.is_dir()


def _loaded(cache: Path, repo: str) -> Path:
    """Where `datasets` keeps what it read of a repository."""
    from datasets.naming import camelcase_to_snakecase

    owner, _, name = repo.rpartition("/")
    return cache / "___".join(filter(None, (owner, camelcase_to_snakecase(name))))


def _remove(place: Path) -> None:
    if place.is_symlink():
        place.unlink()
    else:
        shutil.rmtree(place, ignore_errors=True)
