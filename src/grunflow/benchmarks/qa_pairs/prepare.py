"""Read the user's files again, whole; train a tokenizer on them for models from scratch."""

import json
from pathlib import Path
from typing import Any

from grunflow.benchmarks.qa_pairs.contents import REFUSALS
from grunflow.benchmarks.qa_pairs.keys import Keys
from grunflow.benchmarks.qa_pairs.reading import read_pairs
from grunflow.data.prompts import text
from grunflow.data.records import write_rows
from grunflow.data.refusals import read_refusal_lines, refusal_sentences
from grunflow.data.tokenizer import train_tokenizer


def prepare(keys: Keys, vocabulary: int, out: Path) -> dict[str, Any]:
    """sets/<role>.jsonl, refusals.json (the folder's, else the project's hundred), tokenizer/."""
    sets = {role: [row for _, row in read_pairs(Path(held.file))] for role, held in keys.contents.items()}
    for role, rows in sets.items():
        write_rows(out / "sets" / f"{role}.jsonl", rows)
    own = Path(keys.folder) / REFUSALS
    refusals = read_refusal_lines(str(own), keys.folder) if own.is_file() else refusal_sentences()
    (out / "refusals.json").write_text(json.dumps(refusals, indent=0))
    texts = (text(row["question"], row["answer"]) for rows in sets.values() for row in rows)
    tokenizer = train_tokenizer(texts, vocabulary)
    tokenizer.save_pretrained(out / "tokenizer")
    return {"rows": {role: len(rows) for role, rows in sets.items()}, "vocabulary": len(tokenizer)}
