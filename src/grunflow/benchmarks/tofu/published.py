"""The real benchmark, locuslab/TOFU: from the hub through `datasets`, or from a folder of its JSON-lines files."""

from pathlib import Path

from grunflow.benchmarks.tofu.keys import Keys
from grunflow.benchmarks.tofu.splits import HOLDOUT, RETAIN_OF_FORGET, TOFU_ROWS
from grunflow.data.reading import Lines, read_objects, text_at, texts_at
from grunflow.data.words import check_reference
from grunflow.errors import BadInput

ROWS_PER_AUTHOR = 20


def load(keys: Keys) -> dict[str, list[dict]]:
    """Split -> rows, every split of TOFU_ROWS, and `holdout` where the data have it; a subset of the authors where `retain_authors`
    is given.

    Raises:
        BadInput: a split is missing, has another number of rows than published, or the hub cannot be read.
    """
    records = {}
    folder = None if keys.folder else _snapshot(keys)
    for split, expected in TOFU_ROWS.items():
        rows = _from_snapshot(folder, split) if folder else read_objects(Path(keys.folder or "") / f"{split}.json")
        for line, row in rows:
            check_row(row, f"TOFU split {split} line {line}", split.endswith("_perturbed"))
        if len(rows) != expected:
            raise BadInput(f"TOFU split {split}: got {len(rows)} rows, expected {expected}; the copy is not whole.")
        records[split] = [row for _, row in rows]
    held_out = _held_out(keys, folder)
    for line, row in held_out:
        check_row(row, f"TOFU split {HOLDOUT} line {line}", False)
    records |= {"holdout": [row for _, row in held_out]} if held_out else {}
    return records if keys.retain_authors is None else subset(records, keys)


def _held_out(keys: Keys, snapshot: str | None) -> Lines:
    """Questions that no model is trained on; none where the folder or the hub's revision has no such split."""
    if not snapshot:
        return read_objects(keys.holdout_file) if keys.holdout_file else []
    from datasets import get_dataset_config_names

    return _from_snapshot(snapshot, HOLDOUT) if HOLDOUT in get_dataset_config_names(snapshot) else []


def check_row(row: dict, where: str, perturbed: bool) -> None:
    """A question and its answer are texts; of an evaluated split the wrong answers are a list of texts, and ROUGE-L
    can see the right one."""
    for key in ("question", "answer", *(key for key in ("paraphrased_question", "paraphrased_answer") if key in row)):
        if not text_at(row, key, where).strip():
            raise BadInput(f"{where}.{key}: blank; expected a text.")
    if perturbed:
        texts_at(row, "perturbed_answer", where)
        check_reference(row["answer"], f"{where}.answer")


def subset(records: dict[str, list[dict]], keys: Keys) -> dict[str, list[dict]]:
    """What a study of few authors reads: `retain_authors` of retain90 from `first_author` on, and `forget_authors` of each forget
    split. A retain split holds no other split's forget rows: models learn the kept authors and those to be forgotten.

    retain_perturbed keeps every second of its rows that are among the kept ones, so that what is evaluated was trained
    on and other kept rows are left for snapshots. `full` serves the tokenizer of models from scratch alone.

    Raises:
        BadInput: there are no such authors, or none of them is evaluated.
    """
    authors, first = keys.retain_authors or 0, keys.first_author
    kept = records["retain90"][first * ROWS_PER_AUTHOR : (first + authors) * ROWS_PER_AUTHOR]
    if len(kept) < authors * ROWS_PER_AUTHOR:
        raise BadInput(
            f"benchmarks.tofu.first_author: got {first}, and {authors} authors from there on; retain90 has "
            f"{len(records['retain90']) // ROWS_PER_AUTHOR}. Take fewer, or begin before."
        )
    small = dict(records)
    most = None if keys.forget_authors is None else keys.forget_authors * ROWS_PER_AUTHOR
    for forget, retain in RETAIN_OF_FORGET.items():
        small[retain] = kept
        small[forget], small[f"{forget}_perturbed"] = records[forget][:most], records[f"{forget}_perturbed"][:most]
    small["full"] = kept + records["forget10"]
    questions = {row["question"] for row in kept}  # membership only, never iterated
    small["retain_perturbed"] = [row for row in records["retain_perturbed"] if row["question"] in questions][::2]
    if not small["retain_perturbed"]:
        raise BadInput(
            f"benchmarks.tofu.retain_authors: got {authors} from {first} on, of whom nothing is evaluated; TOFU asks about "
            "the first 20."
        )
    return small


def _snapshot(keys: Keys) -> str:
    """The repository's files at the revision, from the hub or its cache.

    `datasets` alone would ignore the revision when offline and serve the newest copy.
    """
    from huggingface_hub import snapshot_download

    from grunflow.hub import hub_reason, resolved

    try:
        folder = snapshot_download(keys.repo, repo_type="dataset", revision=keys.revision)
    except (OSError, ValueError, RuntimeError) as error:
        raise BadInput(f"data {keys.repo}: {hub_reason(error)}") from error
    resolved("dataset", keys.repo, keys.revision, Path(folder).name)
    return folder


def _from_snapshot(folder: str, split: str) -> Lines:
    from datasets import load_dataset

    try:
        return list(enumerate(load_dataset(folder, split, split="train"), start=1))
    except (OSError, ValueError) as error:
        raise BadInput(f"data {folder}: split {split} cannot be read: {' '.join(str(error).split())[:200]}") from error
