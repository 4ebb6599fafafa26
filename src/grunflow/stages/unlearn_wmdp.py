"""Train one objective on one carrier on corpora: the forget domains take turns, step by step."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import torch

from grunflow.carriers import attach, save
from grunflow.config.wmdp import UnlearnWmdp
from grunflow.data.batching import collate
from grunflow.data.prompts import Example, encode, encode_text
from grunflow.data.records import read_rows
from grunflow.errors import BadInput
from grunflow.models.loading import base_model, base_tokenizer
from grunflow.seeds import derived, generator
from grunflow.training.loop import Share, Task, batches, micro_batches, total_steps, train
from grunflow.training.reference import control_of, reference_model
from grunflow.training.unlearning import Texts, needs_retain, shares_of

Step = tuple[int, list[int], list[int]]  # domain, rows of it, retain rows


def run(spec: UnlearnWmdp, inputs: dict[str, list[Path]], out: Path, batch_size: int) -> dict:
    """Write the trained carrier into `out`."""
    tokenizer, model = base_tokenizer(spec.model, inputs), base_model(spec.model, inputs)
    folder = texts_folder(spec, inputs["data"][0])
    paths = sorted((folder / "forget").glob("*.json"))
    forget = [examples_of(path, spec, tokenizer) for path in paths]
    retain = examples_of(folder / "retain.json", spec, tokenizer)
    reference = reference_model(spec.objective, spec.carrier, model)
    control = control_of(spec.objective, model, derived(spec.unlearn_seed, "control"))
    total = model.num_parameters()
    carrier = attach(spec.carrier, model, derived(spec.unlearn_seed, "carrier"))
    paired = needs_retain(spec.objective, spec.carrier)

    def shares(step: Step, size: int) -> list[Share]:
        domain, rows, kept = step
        parts = []
        for micro, beside in zip(micro_batches(rows, size), micro_batches(kept, size), strict=True):
            texts = [collate([of[i] for i in indices], tokenizer.pad_token_id).to(model.device)
                     for of, indices in ((forget[domain], micro), (retain, beside))]  # fmt: skip
            parts.append(Texts(texts[0], None, texts[1] if paired else None))
        return shares_of(carrier, reference, spec.objective, spec.carrier, parts, control)

    def tokens(step: Step) -> int:
        domain, rows, kept = step
        return sum(len(forget[domain][i].ids) for i in rows) + sum(len(retain[i].ids) for i in kept)

    steps = total_steps(spec.training, sum(len(examples) for examples in forget))
    torch.manual_seed(derived(spec.unlearn_seed, "dropout"))  # LoRA's dropout draws from the global generator
    carrier.model.train()
    label = f"{spec.objective.name} {spec.carrier.name} seed {spec.unlearn_seed}"
    order = turns(spec, {path.stem: len(examples) for path, examples in zip(paths, forget, strict=True)}, len(retain))
    history = train(Task(carrier.trained_module, order, shares, tokens, label), steps, spec.training)
    carrier.model.eval()
    save(carrier, spec.carrier, out)
    return {
        "model_parameters": total,
        "trained_parameters": sum(parameter.numel() for parameter in carrier.trained()),
        **history.measured(spec.training),
        "losses": [round(loss, 5) for loss in history.losses],
    }


def texts_folder(spec: UnlearnWmdp, data: Path) -> Path:
    """Edits of representations forget summaries, where the study has some; the others the corpora."""
    summaries = data / "summaries"
    return summaries if spec.carrier.name in ("reft", "grun") and summaries.is_dir() else data / "corpora"


def examples_of(path: Path, spec: UnlearnWmdp, tokenizer) -> list[Example]:
    """Texts, edited at a fraction of their tokens, or questions with answers, edited at the last prompt token."""
    rows = read_rows(path, ())
    lengths = [sum(len(value) for value in row.values()) for row in rows]
    kept = [row for row, length in zip(rows, lengths, strict=True) if length > spec.texts.min_length]
    if not kept:
        longest = max(lengths)
        raise BadInput(
            f"wmdp.texts.min_length: got {spec.texts.min_length}, but the longest of {len(rows)} texts of "
            f"{path.parent.name}/{path.stem} has {longest} characters; take a smaller number."
        )
    return [
        encode_text(tokenizer, row["text"], spec.texts.max_tokens, spec.texts.fraction)
        if "text" in row
        else encode(tokenizer, row["question"], row["answer"])
        for row in kept[: spec.texts.samples]
    ]


def turns(spec: UnlearnWmdp, forget: dict[str, int], retain: int) -> Iterator[Step]:
    """Endless steps: domain 0, 1, ..., 0, each with the next batch of its texts and of the retain texts.

    Every batch is whole, so that forget and retain batches have one size; each pass over a corpus has a fresh order.
    """
    size = spec.training.batch_size
    corpora = {**{f"order {domain}": rows for domain, rows in forget.items()}, "partners": retain}
    streams = [
        whole(batches(rows, size, generator(spec.unlearn_seed, purpose)), size) for purpose, rows in corpora.items()
    ]
    for step in count():
        domain = step % len(forget)
        yield domain, next(streams[domain]), next(streams[-1])


def whole(parts: Iterator[list[int]], size: int) -> Iterator[list[int]]:
    """Batches of exactly `size` indices from batches of at most so many."""
    waiting: list[int] = []
    for part in parts:
        waiting += part
        while len(waiting) >= size:
            yield waiting[:size]
            waiting = waiting[size:]
