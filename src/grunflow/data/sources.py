"""Rows of a dataset: from the hub through `datasets`, or from a local file; checked where they enter."""

import json
from pathlib import Path
from typing import Any

from grunflow.config.sets import Source
from grunflow.data.reading import Lines, Row, is_objects, read_objects, read_text, text_at, texts_at
from grunflow.errors import BadInput

LETTERS = "ABCD"
RIGHT, WRONG = "corrtect", "in_correct_choices"  # the spelling of the authors' files


def read_source(source: Source, key: str) -> tuple[str, Lines]:
    """What the rows are called in messages, and (line, row) of each; lines of a file that is no JSON are texts.

    Args:
        key: the config key of the source, for messages.

    Raises:
        BadInput: neither file nor repo, a file or hub that cannot be read, or no row.
    """
    if (source.file is None) == (source.repo is None):
        raise BadInput(f"{key}: give exactly one of file and repo; got {source.file!r} and {source.repo!r}.")
    try:
        rows = _from_file(Path(source.file), source) if source.file else _from_hub(source, key)
    except BadInput as error:
        raise BadInput(f"{key}: {error}") from error
    if not rows:
        raise BadInput(f"{key}: {source.file or source.repo} is empty; name a corpus that holds texts.")
    return f"{key}: {source.file or source.repo}", rows


def read_texts(source: Source, key: str) -> list[Row]:
    """Rows of `text` (the source's `field`), or of `question` and `answer`, as the first row is; blank texts left out."""
    name, rows = read_source(source, key)
    pairs = source.field not in rows[0][1] and {"question", "answer"} <= rows[0][1].keys()
    found = []
    for line, row in rows:
        where = f"{name} line {line}"
        keys = {"question": "question", "answer": "answer"} if pairs else {"text": source.field}
        texts = {ours: text_at(row, theirs, where) for ours, theirs in keys.items()}
        if all(text.strip() for text in texts.values()):
            found.append(texts)
    return found


def read_columns(source: Source, key: str, *columns: str) -> list[Row]:
    """Rows of texts under all of these keys, none left out."""
    name, rows = read_source(source, key)
    return [{column: text_at(row, column, f"{name} line {line}") for column in columns} for line, row in rows]


def read_questions(source: Source, key: str) -> list[Row]:
    """Rows of question, choices and answer (an index); a letter is taken for its index, the authors' form brought to it."""
    name, rows = read_source(source, key)
    return [_question(row, f"{name} line {line}") for line, row in rows]


def _question(row: Row, where: str) -> Row:
    question = text_at(row, "question", where)
    if RIGHT in row:
        return {
            "question": question,
            "choices": [text_at(row, RIGHT, where), *texts_at(row, WRONG, where)],
            "answer": 0,
        }
    choices, answer = texts_at(row, "choices", where), row.get("answer")
    if len(choices) < 2:
        raise BadInput(f"{where}.choices: got 1, expected two or more.")
    if isinstance(answer, str) and answer in tuple(LETTERS[: len(choices)]):
        answer = LETTERS.index(answer)
    if not isinstance(answer, int) or isinstance(answer, bool) or not 0 <= answer < len(choices):
        raise BadInput(
            f"{where}.answer: got {answer!r}, expected a number from 0 to {len(choices) - 1}, or its letter."
        )
    return {"question": question, "choices": choices, "answer": answer}


def _from_file(path: Path, source: Source) -> Lines:
    if is_objects(path) and not source.raw:
        return read_objects(path)
    return [
        (number, {source.field: line})
        for number, line in enumerate(read_text(path).split("\n"), start=1)
        if line.strip()
    ]


def _from_hub(source: Source, key: str) -> Lines:
    """The repository's files at the revision; `datasets` alone ignores a revision when offline."""
    from datasets import load_dataset
    from huggingface_hub import snapshot_download

    from grunflow.hub import hub_reason, resolved

    try:
        folder = snapshot_download(str(source.repo), repo_type="dataset", revision=source.revision)
        rows: list[dict[str, Any]] = list(load_dataset(folder, source.config, split=source.split))
    except (OSError, ValueError, RuntimeError) as error:
        raise BadInput(
            f"{source.repo}: {hub_reason(error)} A local copy works too: {key}.file names its JSON lines."
        ) from error
    resolved("dataset", str(source.repo), source.revision, Path(folder).name)
    if source.raw:
        rows = [{source.field: json.dumps(row, ensure_ascii=False)} for row in rows]
    return list(enumerate(rows, start=1))
