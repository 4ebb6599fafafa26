"""Read the WMDP study's corpora and questions, or generate the benign made-up domains and a tokenizer for them."""

from pathlib import Path

from grunflow.config.wmdp import PrepareCorpora, Source
from grunflow.data import craft
from grunflow.data.prompts import text
from grunflow.data.records import write_rows
from grunflow.data.sources import read_source, read_texts
from grunflow.data.tokenizer import train_tokenizer
from grunflow.errors import BadInput
from grunflow.evaluation.tasks import check_tasks, write_domain_task


def run(spec: PrepareCorpora, inputs: dict[str, list[Path]], out: Path, batch_size: int) -> dict:
    """corpora/ and summaries/ with forget/<domain>.json and retain.json (rows of `text`,
    or of `question` and `answer`); questions/<task>.json; of
    generated domains also tasks/<domain>.yaml for lm-eval, base.json and tokenizer/."""
    sources = spec.sources
    if sources.craft:
        return made_up(spec, out)
    check_tasks(spec.tasks)  # before anything costly runs
    written = {}
    for kind, forget, retain in (
        ("corpora", sources.forget, sources.retain),
        ("summaries", sources.summaries, sources.retain_summaries),
    ):
        if not forget:
            continue
        key = "forget" if kind == "corpora" else "summaries"
        for domain, source in forget.items():
            written[f"{kind}/forget/{domain}"] = texts_of(source, f"wmdp.sources.{key}.{domain}")
        kept, name = (
            (retain, "retain" if kind == "corpora" else "retain_summaries") if retain else (sources.retain, "retain")
        )
        assert kept is not None, "config.study refuses a forget corpus without a retain corpus"
        written[f"{kind}/retain"] = texts_of(kept, f"wmdp.sources.{name}")
    for name, texts in written.items():
        write_rows(out / f"{name}.json", ({"text": text} for text in texts))
    for task, source in sources.questions.items():
        write_rows(out / "questions" / f"{task}.json", read_source(source, f"wmdp.sources.questions.{task}"))
    return {"texts": {name: len(texts) for name, texts in written.items()}}


def texts_of(source: Source, key: str) -> list[str]:
    texts = [text for text in read_texts(source, key) if text.strip()]
    if not texts:
        raise BadInput(f"{key}: {source.file or source.repo} holds no text but blanks; name another corpus.")
    return texts


def made_up(spec: PrepareCorpora, out: Path) -> dict:
    assert spec.sources.craft is not None
    world = craft.generate(spec.sources.craft)
    unknown = [task for task in spec.tasks if task not in world.questions]
    if unknown:
        raise BadInput(f"wmdp.tasks: got {unknown[0]!r}; the made-up domains are {', '.join(world.questions)}.")
    documents = {domain: [{"text": item} for item in texts] for domain, texts in world.documents.items()}
    for kind, rows in (("corpora", documents), ("summaries", world.summaries)):
        write_rows(out / kind / "forget" / "forget_domain.json", rows["forget_domain"])
        write_rows(out / kind / "retain.json", rows["retain_domain"])
    for domain, asked in world.questions.items():
        write_rows(out / "questions" / f"{domain}.json", asked)
        write_domain_task(domain, out / "tasks")
    write_rows(out / "base.json", world.base)
    whole = [row["text"] if "text" in row else text(row["question"], row["answer"]) for row in world.base]
    tokenizer = train_tokenizer(whole, spec.vocabulary)
    tokenizer.save_pretrained(out / "tokenizer")
    return {"texts": {name: len(items) for name, items in world.documents.items()}, "vocabulary": len(tokenizer)}
