"""TOFU (Maini et al. 2024): questions about fictitious authors; a model fine-tuned on all of them forgets some."""

from collections.abc import Mapping
from typing import Any

from grunflow.benchmarks.base import BASE, RETAIN, TARGET, Benchmark, Finetuning, Lengths
from grunflow.benchmarks.tofu.keys import Keys, World
from grunflow.benchmarks.tofu.metrics import METRICS
from grunflow.benchmarks.tofu.splits import (
    HOLDOUT_ROWS,
    RETAIN_EVALUATED_ROWS,
    RETAIN_OF_FORGET,
    TOFU_ROWS,
    forgotten_authors,
)
from grunflow.config.sets import DataSet, Paired, ProbeSpec, Role

ROWS_PER_AUTHOR, ASKED_AUTHORS = 20, 20
# For plans: books and capitals of the word lists, refused questions about nobody (world.py).
GENERAL, UNKNOWN = 156, 200
# Published: the split `full`, and of the other two sets theirs, under SmolLM2's tokenizer (49,152 entries; its longest row has 139), padding as
# under a BPE of 6k entries. Generated: its own tokenizer.
PUBLISHED, GENERATED = Lengths(24, 35, 1.46, 160), Lengths(13, 14, 1.3, 60)
# Of the world's questions the answer is asked once more as its paraphrase, and three wrong ones.
OF_THE_WORLD = {"real_authors": Lengths(21, 5, 1.3, 50, answers=5), "world_facts": Lengths(19, 4, 1.3, 50, answers=5)}


def file_of(split: str) -> str:
    return f"sets/{split}.jsonl"


def declare(keys: Keys) -> Benchmark:
    forget, retain = keys.forget_split, RETAIN_OF_FORGET[keys.forget_split]
    asked = (
        _asked("forget", "forget", f"{forget}_perturbed", keys),
        _asked("retain", "keep", "retain_perturbed", keys),
        _asked("real_authors", "world", "real_authors_perturbed", keys),
        _asked("world_facts", "world", "world_facts_perturbed", keys),
    )
    holdout = (DataSet(name="holdout", role="holdout", file=file_of("holdout")),) if keys.holds_out else ()

    def snapshot(questions: int) -> ProbeSpec:
        """Forget rows, and retain rows that no reported metric reads (docs/decisions.md says why no others)."""
        sets = (
            DataSet(name="forget", role="forget", file=file_of(forget), rows=questions),
            DataSet(name="retain", role="keep", file=file_of(f"{retain}_unreported"), rows=questions),
        )
        return ProbeSpec(kind="answers", sets=sets, options={"others": False})

    def stream(edits: bool, sampling: str, texts: Mapping[str, Any]) -> Paired:
        return Paired(
            forget=file_of(forget), retain=file_of(retain), refusals="refusals.json", sampling=sampling,  # type: ignore[arg-type]
            replayed=keys.replayed, replay="replay.jsonl", beside="unevaluated.jsonl",
        )  # fmt: skip

    known = {"scratch_only": ("general.jsonl",), "replay": "replay.jsonl"}
    return Benchmark(
        kind="tofu",
        title="TOFU",
        keys=keys,
        start=TARGET,
        references=keys.references,
        training={
            BASE: Finetuning(("base.jsonl",)),
            TARGET: Finetuning(**_everything(keys), **known),  # type: ignore[arg-type]
            RETAIN: Finetuning((file_of(retain),), split=forget, **known),  # type: ignore[arg-type]
        },
        stream=stream,
        probes=(
            ProbeSpec(kind="answers", sets=asked),
            ProbeSpec(kind="membership", sets=(asked[0], *holdout)),
        ),
        metrics=METRICS,
        origin=lambda models: origin(keys, models),
        rows=rows(keys),
        lengths=GENERATED if keys.world else PUBLISHED,
        own_lengths={} if keys.world else OF_THE_WORLD,
        split=forget,
        snapshot=snapshot,
        files=files(keys),
    )


def _asked(name: str, role: Role, split: str, keys: Keys) -> DataSet:
    return DataSet(name=name, role=role, file=file_of(split), rows=keys.questions)


def _everything(keys: Keys) -> dict[str, Any]:
    """What a target model learns: all authors, the same whatever is forgotten; of a subset those of this forget split."""
    if keys.retain_authors is None:
        return {"files": (file_of("full"),)}
    forget, retain = keys.forget_split, RETAIN_OF_FORGET[keys.forget_split]
    return {"files": (file_of(retain), file_of(forget)), "split": forget}


def origin(keys: Keys, models: str) -> str:
    """What made the numbers: it stands in every caption."""
    data = "a generated world" if keys.world else f"the TOFU text{subset_words(keys)}"
    if not models:
        return f"Tiny study: models trained from scratch on {data}, not the paper's result"
    return f"{models} fine-tuned on {data}"


def subset_words(keys: Keys) -> str:
    """What is left out of the published records, in brackets; empty where nothing is."""
    told = []
    if keys.retain_authors is not None:
        forgotten = f"the first {keys.forget_authors} authors of" if keys.forget_authors else "the authors of"
        told.append(
            f"{keys.retain_authors} retain authors from {keys.first_author} on and {forgotten} {keys.forget_split}"
        )
    if keys.questions is not None:
        told.append(f"{keys.questions} questions of each set at most")
    return f" (a subset: {'; '.join(told)})" if told else ""


def files(keys: Keys) -> tuple[str, ...]:
    """Local files that `prepare` reads."""
    splits = [f"{keys.folder}/{split}.json" for split in TOFU_ROWS] if keys.folder else []
    return (*splits, *filter(None, [keys.refusals, str(keys.holdout_file or "")]))


def rows(keys: Keys) -> dict[str, int]:
    """Rows of every file that a stage reads."""
    if keys.world:
        count, replay = _of_world(keys.world), ROWS_PER_AUTHOR * keys.world.background_authors
        general, beside = GENERAL, GENERAL - 2 * keys.world.facts
        base = 3 * replay + 2 * general + UNKNOWN  # three forms of each background row
    else:
        count = dict(TOFU_ROWS)
        general = count["real_authors_perturbed"] + count["world_facts_perturbed"]
        replay = beside = GENERAL  # but for what the benchmark asks too
        base = 2 * (general + GENERAL) + UNKNOWN
        if keys.retain_authors is not None:
            count |= _of_subset(keys, keys.retain_authors)
        count["holdout"] = HOLDOUT_ROWS
    known = {"base": base, "replay": replay, "general": general, "unevaluated": beside}
    return {file_of(split): number for split, number in count.items()} | {
        f"{name}.jsonl": number for name, number in known.items()
    }


def _of_world(world: World) -> dict[str, int]:
    """Rows of the splits of a generated world (world.py)."""
    found = {"full": world.authors * ROWS_PER_AUTHOR, "holdout": world.holdout_authors * ROWS_PER_AUTHOR}
    found |= dict.fromkeys(("real_authors_perturbed", "world_facts_perturbed"), world.facts)
    for forget, retain in RETAIN_OF_FORGET.items():
        forgotten = forgotten_authors(forget, world.authors) * ROWS_PER_AUTHOR
        found |= {forget: forgotten, f"{forget}_perturbed": forgotten, retain: found["full"] - forgotten}
    return found | {"retain_perturbed": min(RETAIN_EVALUATED_ROWS, found["retain90"])}


def _of_subset(keys: Keys, authors: int) -> dict[str, int]:
    """Rows of the splits that published.subset cuts. TOFU asks about retain90's first authors, and every second row is asked."""
    most = TOFU_ROWS["forget10"] if keys.forget_authors is None else keys.forget_authors * ROWS_PER_AUTHOR
    kept = authors * ROWS_PER_AUTHOR
    found: dict[str, int] = {}
    for forget, retain in RETAIN_OF_FORGET.items():
        found |= {retain: kept, forget: min(TOFU_ROWS[forget], most)}
        found[f"{forget}_perturbed"] = found[forget]
    asked = min(keys.first_author + authors, ASKED_AUTHORS) - min(keys.first_author, ASKED_AUTHORS)
    return found | {"full": kept + TOFU_ROWS["forget10"], "retain_perturbed": asked * ROWS_PER_AUTHOR // 2}
