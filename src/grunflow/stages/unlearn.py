"""Train one objective on one carrier: loss = forget term + retain term (+ gate term), see objectives/."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import torch

from grunflow.carriers import attach, save
from grunflow.carriers.base import Carrier
from grunflow.config.specs import Unlearn
from grunflow.costs.shapes import Shapes
from grunflow.data.batching import Batch
from grunflow.data.pairing import pairing
from grunflow.data.prompts import Example, encode
from grunflow.data.records import read_refusals, read_rows
from grunflow.data.splits import RETAIN_OF_FORGET
from grunflow.evaluation.answering import Asker
from grunflow.evaluation.snapshots import snapshot, snapshot_rows
from grunflow.models.loading import load_model, load_tokenizer
from grunflow.objectives import OBJECTIVES
from grunflow.training.engine import batch_maker
from grunflow.training.frozen_pack import Pack
from grunflow.training.loop import batches, micro_batches, total_steps, train
from grunflow.training.reference import control_of, reference_model
from grunflow.training.unlearning import Texts, needs_retain, step_flops, step_loss, totals_of


def run(spec: Unlearn, inputs: dict[str, list[Path]], out: Path, batch_size: int) -> dict:
    """Write the trained carrier and `snapshots.parquet` into `out`."""
    data, target = inputs["data"][0], inputs["target"][0]
    tokenizer, model = load_tokenizer(target), load_model(target, spec.dtype)
    generator = torch.Generator().manual_seed(spec.unlearn_seed)
    rows = read_rows(data / "records" / f"{spec.forget_split}.json")
    forget = [encode(tokenizer, row["question"], row["answer"], spec.template) for row in rows]
    refusals = refusal_examples(spec, rows, data, tokenizer, generator)
    retain = retain_examples(spec, data, tokenizer, generator)
    reference = reference_model(spec.objective, spec.carrier, model, spec.engine)
    control = control_of(spec.objective, model, spec.unlearn_seed)
    total = model.num_parameters()
    carrier = attach(spec.carrier, model, spec.unlearn_seed)
    partner = pairing(spec.retain_sampling, len(retain), generator)
    objective = OBJECTIVES[spec.objective.name]
    shapes, tokens, flops = Shapes.of_model(model.config), 0, 0.0

    frozen = inputs["frozen"][0] if "frozen" in inputs else None
    make = batch_maker(spec, model, tokenizer.pad_token_id, frozen, [*forget, *refusals, *retain], batch_size)

    def batch_of(examples: list[Example]) -> Batch | Pack:
        nonlocal tokens
        tokens += sum(len(example.ids) for example in examples)
        return make(examples)

    def losses_of(indices: list[int]) -> Iterator[torch.Tensor]:
        nonlocal flops
        kept = [partner(index) for index in indices] if needs_retain(spec.objective, spec.carrier) else []
        parts, done = [], 0
        for micro in micro_batches(indices, spec.training):
            beside = kept[done : done + len(micro)]
            done += len(micro)
            parts.append(
                Texts(
                    batch_of([forget[i] for i in micro]) if objective.answers else None,
                    batch_of([refusals[i] for i in micro]) if objective.refusals else None,
                    batch_of([retain[i] for i in beside]) if beside else None,
                )
            )
        totals = totals_of(spec.objective, parts)
        for texts in parts:
            flops += step_flops(shapes, spec.objective, spec.carrier, texts)
            yield step_loss(carrier, reference, spec.objective, spec.carrier, texts, totals, control)

    steps = total_steps(spec.training, len(forget))
    watch = Watch(spec, carrier, tokenizer, data, steps, batch_size)
    watch(0)
    # LoRA's dropout draws from the global generator.
    torch.manual_seed(spec.unlearn_seed)
    carrier.model.train()
    order = batches(len(forget), spec.training.batch_size, generator)
    label = f"{spec.objective.name} {spec.carrier.name} seed {spec.unlearn_seed}"
    history = train(carrier.trained(), losses_of, order, steps, spec.training, label, watch)
    carrier.model.eval()
    save(carrier, spec.carrier, out)
    watch.frame().to_parquet(out / "snapshots.parquet", index=False)
    return {
        "model_parameters": total,
        "trained_parameters": sum(parameter.numel() for parameter in carrier.trained()),
        "tokens": tokens,
        "train_flops": round(flops),
        "train_seconds": round(history.seconds, 3),
        "steps": len(history.losses),
        "losses": [round(loss, 5) for loss in history.losses],
    }


class Watch:
    """Takes the snapshots: before training and after every (steps / count)-th step."""

    def __init__(self, spec: Unlearn, carrier: Carrier, tokenizer, data: Path, steps: int, batch_size: int) -> None:
        count = spec.snapshots.count
        self.due = {round(steps * part / count) for part in range(count + 1)} if count else set()
        self.rows = snapshot_rows(data, spec.forget_split, spec.snapshots.questions) if count else {}
        self.asker = Asker(carrier, tokenizer, spec.engine, spec.max_new_tokens, batch_size)
        self.template = spec.template
        self.taken: list[pd.DataFrame] = []

    def __call__(self, step: int) -> None:
        if step not in self.due:
            return
        model = self.asker.carrier.model
        training = model.training
        model.eval()
        with torch.random.fork_rng():  # generation must not move LoRA's dropout
            scores = snapshot(self.asker, self.rows, self.template)
        model.train(training)
        self.taken.append(scores.assign(step=step))

    def frame(self) -> pd.DataFrame:
        return pd.concat(self.taken, ignore_index=True) if self.taken else pd.DataFrame({"step": []})


def refusal_examples(
    spec: Unlearn, rows: list[dict], data: Path, tokenizer, generator: torch.Generator
) -> list[Example]:
    """Each forget question with one refusal, drawn once; empty for objectives that read none."""
    if not OBJECTIVES[spec.objective.name].refusals:
        return []
    refusals = read_refusals(data / "refusals.json")
    drawn = torch.randint(len(refusals), (len(rows),), generator=generator).tolist()
    return [encode(tokenizer, row["question"], refusals[i], spec.template) for row, i in zip(rows, drawn, strict=True)]


def retain_examples(spec: Unlearn, data: Path, tokenizer, generator: torch.Generator) -> list[Example]:
    """The matching retain split and, with `replayed`, rows of what the base model knew; none of those is evaluated."""
    rows = read_rows(data / "records" / f"{RETAIN_OF_FORGET[spec.forget_split]}.json")
    if spec.replayed:
        replay = read_rows(data / "replay.json")
        picked = torch.randperm(len(replay), generator=generator)[: spec.replayed]
        rows += [replay[i] for i in picked.tolist()] + read_rows(data / "unevaluated.json")
    return [encode(tokenizer, row["question"], row["answer"], spec.template) for row in rows]
