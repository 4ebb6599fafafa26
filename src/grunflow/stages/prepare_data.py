"""Generate the world's records and train the tokenizer on them."""

import json
from pathlib import Path

from grunflow.config.specs import PrepareData
from grunflow.data.prompts import completion, prompt
from grunflow.data.records import write_rows
from grunflow.data.synthetic import generate
from grunflow.data.tokenizer import train_tokenizer


def run(spec: PrepareData, inputs: dict[str, list[Path]], out: Path, batch_size: int) -> dict:
    """records/<split>.json, base.json, replay.json, general.json, refusals.json, tokenizer/."""
    world = generate(spec.world)
    for split, rows in world.records.items():
        write_rows(out / "records" / f"{split}.json", rows)
    for name in ("base", "replay", "general"):
        write_rows(out / f"{name}.json", getattr(world, name))
    (out / "refusals.json").write_text(json.dumps(world.refusals, indent=0))
    rows = world.base + world.records["full"]
    tokenizer = train_tokenizer((prompt(r["question"]) + completion(r["answer"]) for r in rows), spec.vocabulary)
    tokenizer.save_pretrained(out / "tokenizer")
    return {"rows": {split: len(rows) for split, rows in world.records.items()}, "vocabulary": len(tokenizer)}
