"""MUSE (Shi et al. 2024, arXiv 2407.06460; muse_bench fcd6651): a model fine-tuned on news or books forgets some of the
texts. What differs from its code and from open-unlearning's: docs/fidelity.md."""

import re
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from grunflow.benchmarks.base import REFERENCES, Benchmark, Finetuning, Lengths, Metric
from grunflow.config.benchmarks import BenchmarkKeys
from grunflow.config.sets import Cut, DataSet, ProbeSpec, Source, Turns
from grunflow.data import prompts, records, sources
from grunflow.evaluation import metrics, run_metrics

TARGET, RETAIN, BASE = REFERENCES
RAW = ("raw/forget", "raw/retain1", "raw/retain2")
FORGET, *RETAINED = TEXTS = tuple(f"{name}.jsonl" for name in RAW)
BYTES = {"news": (3281546, 6456895, 6437312), "books": (4096855, 836924, 1969626)}  # of RAW, by the data sets' cards
# Of MUSE's own retrained models (constants.py, forget_holdout_Min-40%): the complement of ours, P(unseen is likelier).
AUC = {"news": 0.4772, "books": 0.5393}
EVERY_TOKEN = 1e-9  # as a Cut's fraction, behind which texts are scored: all but the first token
SETS = tuple(
    DataSet(name=name, role=role, file=f"sets/{name}.jsonl", template="raw", max_new_tokens=tokens)  # type: ignore[arg-type]
    for name, role, tokens in (("verbmem_f", "forget", 128), ("knowmem_f", "forget", 32), ("knowmem_r", "keep", 32),
                               ("forget", "forget", None), ("holdout", "holdout", None))
)  # fmt: skip
# Set -> its questions, and the examples shown before each of them.
ASKED = {f"knowmem_{role[0]}": (f"knowmem/{role}_qa", f"knowmem/{role}_qa_icl") for role in ("forget", "retain")}
PAIR = ("question", "answer")
SPLITS = (*RAW, "verbmem/forget", *sum(ASKED.values(), ()), "privleak/forget", "privleak/holdout")


class Keys(BenchmarkKeys):
    """MUSE: texts to forget, judged by what is recited, what is known, and whether they look trained on."""

    LATER: ClassVar[frozenset[str]] = BenchmarkKeys.LATER | {"texts", "start"}

    corpus: Literal["news", "books"] = Field("news", description="which of its two corpora")
    repo: str = Field(default_factory=lambda it: f"muse-bench/MUSE-{it['corpus'].title()}", description="on the hub")
    revision: str | None = Field(None, description="commit of the repository; null takes the newest")
    folder: str | None = Field(None, description="read <configuration>/<split>.json here instead of the hub")
    start: Literal["target", "base"] = Field("target", description="base: the sheet's model is a target already")
    characters: int = Field(8000, ge=40, description="length that corpora are cut to (MUSE: 2048 tokens)")
    given: float = Field(0, ge=0, lt=1, description="part of a privleak text that is its prompt; 0: one word")
    texts: Cut = Field(Cut(max_tokens=2048), description="how unlearning cuts texts; overrides may set it per method")


def rouge_l(rows: Any, role: str) -> np.ndarray:
    """ROUGE-L F1 without stemming (metrics/logger.py); a question's answer ends where the model asks on (knowmem.py)."""
    from rouge_score.rouge_scorer import RougeScorer

    score, asked = RougeScorer(["rougeL"], use_stemmer=False).score, rows["set"].iloc[0] in ASKED
    texts = [re.split("\n\n|\nQuestion|Question:", text)[0] if asked else text for text in rows["generation"]]
    return np.array([score(*pair)["rougeL"].fmeasure for pair in zip(rows["answer"], texts, strict=True)])


def metrics_of(auc: float | None) -> tuple[Metric, ...]:
    leak = run_metrics.privleak(None if auc is None else 1 - auc)
    parts = run_metrics.privleak_parts if auc is None else run_metrics.privleak_parts_of(1 - auc)
    told: Any = {"per": "run", "probe": "membership", "roles": ("forget", "holdout"), "reference": "" if auc else RETAIN}  # fmt: skip
    return (
        Metric("rougeL", "ROUGE-L F1", rouge_l, shown=("forget", "keep"), compared=True, needs="generation"),
        Metric("gate", "Gate", metrics.gate, measures="nothing"),
        Metric("utility", "KnowMem retain", lambda run: run_metrics.utility(run, ["knowmem_r"], ["rougeL"]), per="run",
               measures="quality", sample=lambda scores: (scores["knowmem_r", "rougeL"],), compared=True),
        Metric("privleak", "PrivLeak", leak, measures="nothing", shown=("run",), sample=parts,
               keeps=run_metrics.column("min_k"), bounds=(-100.0, np.inf), **told),
        Metric("privleak_off", "PrivLeak (size)", lambda run: abs(leak(run)), measures="distance", shown=("run",),
               sample=run_metrics.sized(parts), bounds=(0.0, np.inf), compared=True, **told),
    )  # fmt: skip


def declare(keys: Keys) -> Benchmark:
    def stream(edits: bool, sampling: str, texts: Mapping[str, Any]) -> Turns:
        cut = keys.texts.model_copy(update={**({} if edits else {"fraction": EVERY_TOKEN}), **texts})
        return Turns(forget={"forget": FORGET}, retain=RETAINED[0], texts=cut)

    def questions(rows: int | None) -> ProbeSpec:
        sets = tuple(item.model_copy(update={"rows": rows}) for item in SETS[1:3])
        return ProbeSpec(kind="answers", sets=sets, options={"others": False})

    long, own = keys.texts.max_tokens, keys.start == TARGET
    sizes = {file: size // keys.characters + 1 for file, size in zip(TEXTS, BYTES[keys.corpus], strict=True)}
    return Benchmark(
        kind="muse", title=f"MUSE {keys.corpus.title()}", keys=keys, start=keys.start, references=(TARGET, RETAIN) if own else (BASE,),
        training={TARGET: Finetuning(TEXTS), RETAIN: Finetuning(tuple(RETAINED))} if own else {}, stream=stream, snapshot=questions,
        probes=(ProbeSpec(kind="continuations", sets=SETS[:1]), questions(None), ProbeSpec(kind="membership", sets=SETS[3:])),
        metrics=metrics_of(None if own else AUC[keys.corpus]),
        origin=lambda models: f"{models or 'Models from scratch'} fine-tuned on {keys.folder or keys.repo}",
        rows=sizes | {item.file: 100 for item in SETS}, lengths=Lengths(long * 4 // 5, long // 5, 1.0, long),
        files=tuple(f"{keys.folder}/{name}.json" for name in SPLITS) if keys.folder else (),
    )  # fmt: skip


def prepare(keys: Keys, vocabulary: int, out: Path) -> dict[str, Any]:
    """sets/<set>.jsonl, a prompt and how it goes on; raw/<split>.jsonl, texts of about equal length."""

    def read(name: str, *columns: str) -> list[dict[str, str]]:
        local, (config, split) = f"{keys.folder}/{name}.json" if keys.folder else None, name.split("/")
        hub = {"repo": None if local else keys.repo, "revision": keys.revision, "config": config, "split": split}
        source = Source(**hub, file=local)
        reader: Any = sources.read_columns if columns else sources.read_texts
        return reader(source, "benchmarks.muse", *columns)

    recited = read("verbmem/forget", "prompt", "gt")
    sets = {"verbmem_f": [(row["prompt"].rstrip(), f" {row['gt'].strip()}") for row in recited]}
    for name, (asked, examples) in ASKED.items():
        shown = "".join(f"{prompts.text(**row)}\n\n" for row in read(examples, *PAIR))
        sets[name] = [
            (f"{shown}Question: {row['question']}\nAnswer:", f" {row['answer']}") for row in read(asked, *PAIR)
        ]
    for item in SETS[3:]:
        texts = [row["text"] for row in read(f"privleak/{item.name}")]
        places = [text.find(" ", max(1, int(keys.given * len(text)))) for text in texts]
        sets[item.name] = [(text[:place], text[place:]) for text, place in zip(texts, places, strict=True)]
    for name, pairs in sets.items():
        rows = ({"question": prompt, "answer": rest} for prompt, rest in pairs)
        records.write_rows(out / "sets" / f"{name}.jsonl", rows)
    for name, file in zip(RAW, TEXTS, strict=True):
        whole = "\n\n".join(row["text"] for row in read(name))  # as baselines/dataset.py joins them
        kept = textwrap.wrap(whole, keys.characters, expand_tabs=False, replace_whitespace=False, drop_whitespace=False)
        records.write_rows(out / file, ({"text": part} for part in kept))
    return {}
