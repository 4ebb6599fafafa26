"""Commits of hub repositories that `grunflow prefetch --pin` resolved: they stand in a file beside the config, never in it."""

from pathlib import Path
from typing import Any

from grunflow.config.typed import read_yaml

# Keys beside `repo` that say that its part is read from elsewhere, or generated.
ELSEWHERE = ("folder", "file", "world")
HEADER = "# Written by `grunflow prefetch --pin`: repository -> commit. Delete a line to take the newest again.\n"


def repositories(node: Any, kind: str = "dataset") -> dict[str, tuple[str, str | None]]:
    """Repository -> (model or dataset, revision) of every part that names one, in a study's rows of models (below the key
    `models`) and keys of benchmarks."""
    found: dict[str, tuple[str, str | None]] = {}
    if isinstance(node, dict):
        repo = node.get("repo")
        # A model's repo may be a local folder.
        if repo and not any(node.get(key) for key in ELSEWHERE) and not Path(repo).is_dir():
            found[repo] = (kind, node.get("revision"))
        for key, part in node.items():
            found |= repositories(part, "model" if key == "models" else kind)
    elif isinstance(node, list | tuple):
        for part in node:
            found |= repositories(part, kind)
    return found


def pinned(node: Any, commits: dict[str, str]) -> Any:
    """The same node, with the commits in place of revisions that are null."""
    if isinstance(node, dict):
        parts = {key: pinned(part, commits) for key, part in node.items()}
        if parts.get("repo") in commits and parts.get("revision") is None:
            parts["revision"] = commits[parts["repo"]]
        return parts
    return [pinned(part, commits) for part in node] if isinstance(node, list | tuple) else node


def read_pins(path: str | None) -> dict[str, str]:
    """The file's commits; none where there is no such file yet."""
    return read_yaml(path, "config.revisions") if path and Path(path).exists() else {}


def write_pins(path: Path, commits: dict[str, str]) -> None:
    lines = [f"{repo}: {commit}\n" for repo, commit in sorted(commits.items())]
    path.write_text(HEADER + "".join(lines))
