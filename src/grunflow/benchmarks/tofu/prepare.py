"""Generate the world, or read the published records; train a tokenizer on the texts for models from scratch."""

import json
import random
from pathlib import Path
from typing import Any

from grunflow.benchmarks.tofu import published, world
from grunflow.benchmarks.tofu.keys import Keys
from grunflow.benchmarks.tofu.splits import RETAIN_OF_FORGET
from grunflow.data.prompts import text
from grunflow.data.records import write_rows
from grunflow.data.refusals import read_refusal_lines, refusal_sentences
from grunflow.data.tokenizer import train_tokenizer


def prepare(keys: Keys, vocabulary: int, out: Path) -> dict[str, Any]:
    """sets/<split>.jsonl, tokenizer/, and what models from scratch are trained on beside the splits: base, replay, general,
    unevaluated (world.py says what is what); refusals.json. <retain split>_unreported: its rows that no metric reads."""
    found = of_published(keys) if keys.world is None else world.generate(keys.world)
    reported = {row["question"] for row in found.records["retain_perturbed"]}  # membership only, never iterated
    unreported = {
        f"{split}_unreported": [row for row in found.records[split] if row["question"] not in reported]
        for split in RETAIN_OF_FORGET.values()
    }
    for split, rows in (found.records | unreported).items():
        write_rows(out / "sets" / f"{split}.jsonl", rows)
    for name in ("base", "replay", "general", "unevaluated"):
        write_rows(out / f"{name}.jsonl", getattr(found, name))
    (out / "refusals.json").write_text(json.dumps(found.refusals, indent=0))
    texts = found.base + found.records["full"]
    tokenizer = train_tokenizer((text(row["question"], row["answer"]) for row in texts), vocabulary)
    tokenizer.save_pretrained(out / "tokenizer")
    return {"rows": {split: len(rows) for split, rows in found.records.items()}, "vocabulary": len(tokenizer)}


def of_published(keys: Keys) -> world.Generated:
    """The benchmark's records, and for a model from scratch the general knowledge that a hub's model would have.

    That knowledge is the evaluated real authors and world facts (a model has to have read them to be asked), the
    project's own books and capitals, and refusals of questions about nobody.
    """
    records = published.load(keys)
    refusals = read_refusal_lines(keys.refusals, "benchmarks.tofu.refusals") if keys.refusals else refusal_sentences()
    asked = [row for name in ("real_authors", "world_facts") for row in records[f"{name}_perturbed"]]
    questions = {row["question"] for row in asked}  # membership only, never iterated
    others = [row for row in world.general_rows() if row["question"] not in questions]
    rng = random.Random(0)
    names = world.author_names(rng)
    return world.Generated(
        records=records,
        base=(world.plain(asked) + others) * 2 + world.unknown_rows(names[:200], refusals, rng),
        replay=others,
        general=world.plain(asked),
        unevaluated=others,
        refusals=refusals,
    )
