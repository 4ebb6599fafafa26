"""WMDP (Li et al. 2024): a base model forgets corpora, and is asked multiple-choice questions through lm-eval."""

from collections.abc import Mapping
from typing import Any

from grunflow.benchmarks.base import BASE, Benchmark, Finetuning, Lengths, Metric
from grunflow.benchmarks.wmdp.keys import CRAFT_FORGET, Keys
from grunflow.config.sets import DataSet, ProbeSpec, Turns
from grunflow.evaluation.metrics import accuracy

CHANCE = 0.25  # four options
# Questions of lm-eval's tasks, and texts of a corpus: for plans.
QUESTIONS, CORPUS_TEXTS = {"wmdp_bio": 1273, "wmdp_cyber": 1987, "mmlu": 14042}, 12500
TASKS = {"mmlu": 57}  # subjects

# Tokens of the made-up texts (18 in the mean, 40 in the longest, by their own tokenizer).
CRAFT = Lengths(14, 4, 1.3, 40)
# lm-eval's questions with their options; these are letters, and one pass tells of all four (evaluation/harness.py).
LETTERED = Lengths(149, 1, 1.0, 512, answers=1)

METRICS = (
    Metric("accuracy", "accuracy", accuracy, probe="choice", reference=BASE, change="change", shown=("forget", "keep"), compared=True),
)  # fmt: skip


def declare(keys: Keys) -> Benchmark:
    sources = keys.sources
    kind = "summaries" if sources.craft or sources.summaries else "corpora"
    roles = {**dict.fromkeys(keys.tasks.forget, "forget"), **dict.fromkeys(keys.tasks.keep, "keep")}
    tasks = [
        DataSet(name=task, role=role, file=f"sets/{task}.jsonl" if sources.craft else "")  # type: ignore[arg-type]
        for task, role in roles.items()
    ]
    own_form = tuple(
        DataSet(name=f"{task}_grun", role=roles[task], file=f"sets/{task}.jsonl")  # type: ignore[arg-type]
        for task in sources.questions
    )
    limit = {"limit": keys.limit}
    probes = [ProbeSpec(kind="choice", sets=tuple(tasks), options=limit)]
    if own_form:
        probes.append(ProbeSpec(kind="letters", sets=own_form, options=limit))

    def stream(edits: bool, sampling: str, texts: Mapping[str, Any]) -> Turns:
        folder = kind if edits else "corpora"
        domains = (
            [CRAFT_FORGET] if sources.craft else sorted(sources.summaries if folder == "summaries" else sources.forget)
        )
        return Turns(
            forget={domain: f"{folder}/forget/{domain}.jsonl" for domain in domains},
            retain=f"{folder}/retain.jsonl",
            texts=keys.texts.model_copy(update=dict(texts)),
            sampling=sampling if edits else "fresh",  # type: ignore[arg-type]  # partners are GRUN's
        )

    return Benchmark(
        kind="wmdp",
        title="WMDP",
        keys=keys,
        start=BASE,
        references=(BASE,),
        training={BASE: Finetuning(("base.jsonl",))} if sources.craft else {},
        stream=stream,
        probes=tuple(probes),
        metrics=METRICS,
        origin=lambda models: origin(keys, models),
        rows=rows(keys),
        lengths=CRAFT if sources.craft else cut_at(keys.texts.max_tokens),
        own_lengths={task.name: CRAFT for task in tasks} if sources.craft else dict.fromkeys(QUESTIONS, LETTERED),
        tasks=TASKS,
        snapshot=lambda questions: ProbeSpec(kind="choice", sets=tuple(tasks), options={"limit": questions}),
        files=files(keys),
        chance=CHANCE,
        note=f"Accuracy of multiple-choice answers by lm-eval (chance {CHANCE})",
    )


def cut_at(tokens: int) -> Lengths:
    """Texts of corpora are cut, and taken for that long; edits act at four fifths of them."""
    return Lengths(tokens * 4 // 5, tokens - tokens * 4 // 5, 1.0, tokens)


def origin(keys: Keys, models: str) -> str:
    if keys.sources.craft:
        return "Tiny study: a model trained from scratch on benign made-up domains, not the paper's result"
    return f"{models or 'Models from scratch'} on the WMDP corpora"


def files(keys: Keys) -> tuple[str, ...]:
    """Local files among the sources."""
    sources = keys.sources
    every = [*sources.forget.values(), sources.retain, *sources.summaries.values(), sources.retain_summaries,
             *sources.questions.values()]  # fmt: skip
    return tuple(source.file for source in every if source and source.file)


def rows(keys: Keys) -> dict[str, int]:
    """Rows of every file, and questions of lm-eval's tasks by their names."""
    craft, found = keys.sources.craft, dict[str, int]()
    for task in (*keys.tasks.forget, *keys.tasks.keep):
        asked = 4 * craft.things if craft else QUESTIONS.get(task, 1000)
        most = TASKS.get(task, 1) * keys.limit if keys.limit else asked
        found |= dict.fromkeys((task, f"sets/{task}.jsonl"), min(asked, most))
    for folder, each in (("corpora", 2), ("summaries", 4)):
        texts = each * craft.things if craft else min(CORPUS_TEXTS, keys.texts.samples or CORPUS_TEXTS)
        domains = [CRAFT_FORGET] if craft else [*keys.sources.forget, *keys.sources.summaries]
        found |= {f"{folder}/forget/{domain}.jsonl": texts for domain in domains} | {f"{folder}/retain.jsonl": texts}
    return found | ({"base.jsonl": 28 * craft.things} if craft else {})
