"""Question-answer pairs of the user's own: a model that knows both parts forgets one of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from grunflow.benchmarks.base import REFERENCES, Benchmark, Finetuning, Lengths
from grunflow.benchmarks.qa_pairs.contents import REFUSALS, Held
from grunflow.benchmarks.qa_pairs.keys import Keys
from grunflow.benchmarks.qa_pairs.metrics import ASKED, allowed
from grunflow.config.sets import DataSet, Paired, ProbeSpec, Role

TARGET, RETAIN, BASE = REFERENCES
# Nobody has seen the texts under the model's tokenizer: a token is taken for so many bytes, a batch as TOFU's is padded.
TOKEN_BYTES, PADDED, FRAME = 3, 1.5, 8  # FRAME: tokens of the prompt around a question


def file_of(role: str) -> str:
    return f"sets/{role}.jsonl"


def declare(keys: Keys) -> Benchmark:
    files, own = keys.contents, keys.start == TARGET
    forget, keep = file_of("forget"), file_of("keep")
    measured = allowed(files, has_retain=own)

    def sets(roles: tuple[Role, ...], rows: int | None) -> tuple[DataSet, ...]:
        return tuple(DataSet(name=role, role=role, file=file_of(role), rows=rows) for role in roles if role in files)

    def answers(roles: tuple[Role, ...], rows: int | None, others: bool) -> ProbeSpec:
        return ProbeSpec(kind="answers", sets=sets(roles, rows), options={"others": others, "any_script": True})

    def stream(edits: bool, sampling: str, texts: Mapping[str, Any]) -> Paired:
        return Paired(forget=forget, retain=keep, refusals="refusals.json", sampling=sampling)  # type: ignore[arg-type]

    known = (keep, *((file_of("world"),) if "world" in files else ()), *(() if own else (forget,)))
    tuned = {TARGET: Finetuning((forget, keep)), RETAIN: Finetuning((keep,))}
    return Benchmark(
        kind="qa_pairs",
        title="Own questions",
        keys=keys,
        start=keys.start,
        references=(TARGET, RETAIN) if own else (BASE,),
        training={BASE: Finetuning(known), **(tuned if own else {})},
        stream=stream,
        probes=(
            answers(ASKED, keys.questions, True),
            ProbeSpec(kind="membership", sets=sets(("forget", "holdout"), keys.questions)),
        ),
        metrics=measured.metrics,
        origin=lambda models: origin(own, models),
        rows={file_of(role): held.rows for role, held in files.items()},
        lengths=lengths([files["forget"], files["keep"]]),
        snapshot=lambda questions: answers(("forget", "keep"), questions, False),
        files=local_files(keys),
        note=measured.note,
        left_out=measured.left_out,
    )


def origin(own: bool, models: str) -> str:
    """What made the numbers: it stands in every caption."""
    if not models:
        return "Models trained from scratch on question-answer pairs of the user's own"
    return f"{models} {'fine-tuned on' if own else 'said to know'} question-answer pairs of the user's own"


def local_files(keys: Keys) -> tuple[str, ...]:
    """What `prepare` reads."""
    refusals = Path(keys.folder) / REFUSALS
    return (*(held.file for held in keys.contents.values()), *([str(refusals)] if refusals.is_file() else []))


def lengths(files: list[Held]) -> Lengths:
    """Tokens of questions and answers, reckoned from bytes."""
    rows = sum(held.rows for held in files)
    question, answer = (
        sum(held.rows * getattr(held, name) for held in files) / rows for name in ("question_bytes", "answer_bytes")
    )
    longest = max(held.longest_bytes for held in files)
    tokens = [int(size / TOKEN_BYTES) + 1 for size in (question, answer, longest)]
    return Lengths(tokens[0] + FRAME, tokens[1], PADDED, tokens[2] + FRAME)
