"""Read corpora and questions, or generate the benign made-up domains and a tokenizer for them."""

from pathlib import Path
from typing import Any

from grunflow.benchmarks.wmdp import craft
from grunflow.benchmarks.wmdp.keys import CRAFT_FORGET, CRAFT_KEEP, Keys
from grunflow.config.sets import Source
from grunflow.data.prompts import text
from grunflow.data.records import write_rows
from grunflow.data.sources import read_questions, read_texts
from grunflow.data.tokenizer import train_tokenizer
from grunflow.errors import BadInput

WHERE = "benchmarks.wmdp.sources"


def prepare(keys: Keys, vocabulary: int, out: Path) -> dict[str, Any]:
    """corpora/ and summaries/ with forget/<domain>.jsonl and retain.jsonl (rows of `text`, or of `question` and `answer`);
    sets/<task>.jsonl; of generated domains also base.jsonl and tokenizer/."""
    if keys.sources.craft:
        return made_up(keys, vocabulary, out)
    from grunflow.evaluation.tasks import check_tasks  # the index of lm-eval's tasks

    check_tasks((*keys.tasks.forget, *keys.tasks.keep))  # before anything costly runs
    sources = keys.sources
    written = {
        f"corpora/forget/{domain}": texts_of(source, f"{WHERE}.forget.{domain}")
        for domain, source in sources.forget.items()
    }
    kept = sources.retain
    assert kept is not None, "Sources refuses a forget corpus without a retain corpus"
    written["corpora/retain"] = texts_of(kept, f"{WHERE}.retain")
    if sources.summaries:
        for domain, source in sources.summaries.items():
            written[f"summaries/forget/{domain}"] = texts_of(source, f"{WHERE}.summaries.{domain}")
        beside = sources.retain_summaries
        written["summaries/retain"] = (
            texts_of(beside, f"{WHERE}.retain_summaries") if beside else written["corpora/retain"]
        )
    for name, rows in written.items():
        write_rows(out / f"{name}.jsonl", rows)
    for task, source in sources.questions.items():
        write_rows(out / "sets" / f"{task}.jsonl", read_questions(source, f"{WHERE}.questions.{task}"))
    return {"texts": {name: len(texts) for name, texts in written.items()}}


def texts_of(source: Source, key: str) -> list[dict]:
    rows = read_texts(source, key)
    if not rows:
        raise BadInput(f"{key}: {source.file or source.repo} holds no text but blanks; name another corpus.")
    return rows


def made_up(keys: Keys, vocabulary: int, out: Path) -> dict[str, Any]:
    assert keys.sources.craft is not None
    world = craft.generate(keys.sources.craft)
    documents = {domain: [{"text": item} for item in texts] for domain, texts in world.documents.items()}
    for kind, rows in (("corpora", documents), ("summaries", world.summaries)):
        write_rows(out / kind / "forget" / f"{CRAFT_FORGET}.jsonl", rows[CRAFT_FORGET])
        write_rows(out / kind / "retain.jsonl", rows[CRAFT_KEEP])
    for domain, asked in world.questions.items():
        write_rows(out / "sets" / f"{domain}.jsonl", asked)
    write_rows(out / "base.jsonl", world.base)
    whole = [row["text"] if "text" in row else text(row["question"], row["answer"]) for row in world.base]
    tokenizer = train_tokenizer(whole, vocabulary)
    tokenizer.save_pretrained(out / "tokenizer")
    return {"texts": {name: len(items) for name, items in world.documents.items()}, "vocabulary": len(tokenizer)}
