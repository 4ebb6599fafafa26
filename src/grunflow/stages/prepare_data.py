"""Generate the world, or read the benchmark; train a tokenizer on the texts for models from scratch."""

import json
import random
from pathlib import Path

from grunflow.config.specs import PrepareData, Tofu
from grunflow.data import synthetic, tofu
from grunflow.data.prompts import text
from grunflow.data.records import write_rows
from grunflow.data.tokenizer import train_tokenizer


def run(spec: PrepareData, inputs: dict[str, list[Path]], out: Path, batch_size: int) -> dict:
    """records/<split>.json, tokenizer/, and what models from scratch are trained on beside the records:
    base.json, replay.json, general.json, unevaluated.json (data/synthetic.py says what is what), refusals.json."""
    if spec.tofu:
        world = of_tofu(spec.tofu)
    else:
        assert spec.world, "config.study refuses a study without data"
        world = synthetic.generate(spec.world)
    for split, rows in world.records.items():
        write_rows(out / "records" / f"{split}.json", rows)
    for name in ("base", "replay", "general", "unevaluated"):
        write_rows(out / f"{name}.json", getattr(world, name))
    (out / "refusals.json").write_text(json.dumps(world.refusals, indent=0))
    texts = world.base + world.records["full"]
    tokenizer = train_tokenizer((text(row["question"], row["answer"]) for row in texts), spec.vocabulary)
    tokenizer.save_pretrained(out / "tokenizer")
    return {"rows": {split: len(rows) for split, rows in world.records.items()}, "vocabulary": len(tokenizer)}


def of_tofu(spec: Tofu) -> synthetic.Generated:
    """The benchmark's records, and for a model from scratch the general knowledge that a hub's model would have.

    That knowledge is the evaluated real authors and world facts (a model has to have read them to be asked), the
    project's own books and capitals, and refusals of questions about nobody.
    """
    records = tofu.load(spec)
    refusals = tofu.read_refusal_lines(spec.refusals) if spec.refusals else synthetic.refusal_sentences()
    asked = [row for name in ("real_authors", "world_facts") for row in records[f"{name}_perturbed"]]
    questions = {row["question"] for row in asked}  # membership only, never iterated
    others = [row for row in synthetic.general_rows() if row["question"] not in questions]
    rng = random.Random(0)
    names = synthetic.author_names(rng)
    return synthetic.Generated(
        records=records,
        base=(synthetic.plain(asked) + others) * 2 + synthetic.unknown_rows(names[:200], refusals, rng),
        replay=others,
        general=synthetic.plain(asked),
        unevaluated=others,
        refusals=refusals,
    )
