"""Rows of a dataset: from the hub through `datasets`, or from a local file."""

import json
from pathlib import Path
from typing import Any

from grunflow.config.wmdp import Source
from grunflow.errors import BadInput

ROW = dict[str, Any]


def read_source(source: Source, key: str) -> list[ROW]:
    """Rows of a source; lines of a file that are no JSON objects are texts.

    Args:
        key: the config key of the source, for messages.

    Raises:
        BadInput: neither file nor repo, a missing file, a hub that cannot be read, or no row.
    """
    if (source.file is None) == (source.repo is None):
        raise BadInput(f"{key}: give exactly one of file and repo; got {source.file!r} and {source.repo!r}.")
    rows = _from_file(source, key) if source.file else _from_hub(source, key)
    if not rows:
        raise BadInput(f"{key}: {source.file or source.repo} is empty; name a corpus that holds texts.")
    return rows


def read_texts(source: Source, key: str) -> list[str]:
    rows = read_source(source, key)
    if source.field not in rows[0]:
        raise BadInput(f"{key}.field: got {source.field!r}, expected one of {sorted(rows[0])}.")
    return [row[source.field] for row in rows]


def _from_file(source: Source, key: str) -> list[ROW]:
    try:
        lines = Path(source.file or "").read_text().split("\n")
    except OSError as error:
        raise BadInput(f"{key}.file: cannot read {source.file!r}: {error.strerror}; correct the path.") from None
    return [_row(line, source.field) for line in lines if line.strip()]


def _row(line: str, field: str) -> ROW:
    try:
        row = json.loads(line)
    except json.JSONDecodeError:
        return {field: line}
    return row if isinstance(row, dict) else {field: line}


def _from_hub(source: Source, key: str) -> list[ROW]:
    """The repository's files at the revision; `datasets` alone ignores a revision when offline."""
    from datasets import load_dataset
    from huggingface_hub import snapshot_download

    from grunflow.hub import hub_reason

    try:
        folder = snapshot_download(str(source.repo), repo_type="dataset", revision=source.revision)
        return list(load_dataset(folder, source.config, split=source.split))
    except (OSError, ValueError, RuntimeError) as error:
        raise BadInput(
            f"{key}: {source.repo}: {hub_reason(error)} A local copy works too: {key}.file names its JSON lines."
        ) from error
