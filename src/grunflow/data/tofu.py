"""The real benchmark, locuslab/TOFU: from the hub through `datasets`, or from a folder of its JSON-lines files."""

from pathlib import Path

from grunflow.config.specs import Tofu
from grunflow.data.records import read_rows
from grunflow.data.splits import RETAIN_OF_FORGET, TOFU_ROWS
from grunflow.errors import BadInput

ROWS_PER_AUTHOR = 20


def load(spec: Tofu) -> dict[str, list[dict]]:
    """Split -> rows, every split of TOFU_ROWS; retain splits cut to `retain_authors` where that is given.

    Raises:
        BadInput: a split is missing, has another number of rows than published, or the hub cannot be read.
    """
    records = {}
    folder = None if spec.folder else _snapshot(spec)
    for split, expected in TOFU_ROWS.items():
        rows = _from_snapshot(folder, split) if folder else read_rows(Path(spec.folder or "") / f"{split}.json")
        if len(rows) != expected:
            raise BadInput(f"TOFU split {split}: got {len(rows)} rows, expected {expected}; the copy is not whole.")
        records[split] = rows
    return records if spec.retain_authors is None else subset(records, spec.retain_authors)


def subset(records: dict[str, list[dict]], retain_authors: int) -> dict[str, list[dict]]:
    """The forget splits whole, retain splits and `full` with the first `retain_authors` of retain90's authors.

    retain_perturbed keeps every second of its rows that are among the kept ones, so that what is evaluated was trained
    on and other kept rows are left for snapshots.
    """
    kept = records["retain90"][: retain_authors * ROWS_PER_AUTHOR]
    questions = {row["question"] for row in kept}  # membership only, never iterated
    small = dict(records)
    for forget, retain in RETAIN_OF_FORGET.items():
        forgotten = {row["question"] for row in records[forget]}
        small[retain] = kept + [row for row in records["forget10"] if row["question"] not in forgotten]
    small["full"] = kept + records["forget10"]
    small["retain_perturbed"] = [row for row in records["retain_perturbed"] if row["question"] in questions][::2]
    if not small["retain_perturbed"]:
        raise BadInput(f"tofu.retain_authors: got {retain_authors}, which keeps no evaluated retain row; take more.")
    return small


def _snapshot(spec: Tofu) -> str:
    """The repository's files at the revision, from the hub or its cache.

    `datasets` alone would ignore the revision when offline and serve the newest copy.
    """
    from huggingface_hub import snapshot_download

    from grunflow.hub import hub_reason

    try:
        return snapshot_download(spec.repo, repo_type="dataset", revision=spec.revision)
    except (OSError, ValueError, RuntimeError) as error:
        raise BadInput(f"data {spec.repo}: {hub_reason(error)}") from error


def _from_snapshot(folder: str, split: str) -> list[dict]:
    from datasets import load_dataset

    try:
        return list(load_dataset(folder, split, split="train"))
    except (OSError, ValueError) as error:
        raise BadInput(f"data {folder}: split {split} cannot be read: {' '.join(str(error).split())[:200]}") from error


def read_refusal_lines(path: str) -> list[str]:
    """Refusals from a text file (as the published one, a sentence per line)."""
    try:
        lines = [line.strip() for line in Path(path).read_text().splitlines()]
    except FileNotFoundError:
        raise BadInput(f"tofu.refusals: no file {path!r}; correct the path, or leave the key out.") from None
    return [line for line in lines if line]
