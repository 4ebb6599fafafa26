"""Train one objective on one carrier: loss = forget term + retain term (+ gate term), see objectives/."""

from pathlib import Path

import torch

from grunflow.carriers import attach, save
from grunflow.config.names import RETAIN_OF_FORGET
from grunflow.config.specs import Unlearn
from grunflow.data.batching import Batch, collate, epoch_order, length_groups
from grunflow.data.prompts import Example, encode
from grunflow.data.records import read_refusals, read_rows
from grunflow.models.loading import load_model, load_tokenizer
from grunflow.objectives import OBJECTIVES
from grunflow.objectives.gate import gate_bce
from grunflow.objectives.scores import Scores, token_nll
from grunflow.training.loop import train


def run(spec: Unlearn, inputs: dict[str, list[Path]], out: Path, batch_size: int) -> dict:
    """Write the trained carrier into `out`. The gate's target is 1 on forget rows and 0 on retain rows."""
    data, target = inputs["data"][0], inputs["target"][0]
    tokenizer, model = load_tokenizer(target), load_model(target)
    objective = OBJECTIVES[spec.objective.name]
    generator = torch.Generator().manual_seed(spec.unlearn_seed)
    forget = forget_examples(spec, data, tokenizer, generator)
    retain = retain_examples(spec, data, tokenizer, generator)
    reference = reference_nll(model, forget, tokenizer.pad_token_id, batch_size) if objective.reference else None
    total = model.num_parameters()
    carrier = attach(spec.carrier, model, spec.unlearn_seed)
    retain_rows = endless(len(retain), generator)
    tokens = 0

    def scored(batch: Batch) -> tuple[torch.Tensor, torch.Tensor, list[torch.Tensor]]:
        nonlocal tokens
        tokens += int(batch.attention_mask.sum())
        output = carrier.forward(batch)
        return *token_nll(output.logits, batch.labels), output.gate_logits

    def loss_of(indices: list[int], share: float) -> torch.Tensor:
        forget_batch = collate([forget[i] for i in indices], tokenizer.pad_token_id)
        retain_batch = collate([retain[next(retain_rows)] for _ in indices], tokenizer.pad_token_id)
        nll_sum, n_labels, forget_gates = scored(forget_batch)
        anchor = None if reference is None else reference[indices]
        loss = spec.objective.forget_weight * objective.forget(Scores(nll_sum, n_labels, anchor), spec.objective)
        nll_sum, n_labels, retain_gates = scored(retain_batch)
        loss = loss + spec.objective.retain_weight * objective.retain(Scores(nll_sum, n_labels, None), spec.objective)
        if spec.carrier.gate_weight:
            loss = loss + spec.carrier.gate_weight * gate_bce(forget_gates, retain_gates)
        return share * loss

    label = f"{spec.objective.name} {spec.carrier.name} seed {spec.unlearn_seed}"
    # LoRA's dropout draws from the global generator.
    torch.manual_seed(spec.unlearn_seed)
    carrier.model.train()
    history = train(carrier.trained(), loss_of, len(forget), spec.training, generator, label)
    carrier.model.eval()
    save(carrier, spec.carrier, out)
    trained = sum(parameter.numel() for parameter in carrier.trained())
    return {
        "model_parameters": total,
        "trained_parameters": trained,
        "tokens": tokens,
        "steps": len(history.losses),
        "losses": [round(loss, 5) for loss in history.losses],
    }


def forget_examples(spec: Unlearn, data: Path, tokenizer, generator: torch.Generator) -> list[Example]:
    """The forget split; for refusal objectives each question with one refusal, drawn once."""
    rows = read_rows(data / "records" / f"{spec.forget_split}.json")
    answers = [row["answer"] for row in rows]
    if OBJECTIVES[spec.objective.name].refusals:
        refusals = read_refusals(data / "refusals.json")
        drawn = torch.randint(len(refusals), (len(rows),), generator=generator)
        answers = [refusals[i] for i in drawn.tolist()]
    return [encode(tokenizer, row["question"], answer) for row, answer in zip(rows, answers, strict=True)]


def retain_examples(spec: Unlearn, data: Path, tokenizer, generator: torch.Generator) -> list[Example]:
    """The matching retain split and some rows of what the base model knew (none of them evaluated)."""
    rows = read_rows(data / "records" / f"{RETAIN_OF_FORGET[spec.forget_split]}.json")
    replay = read_rows(data / "replay.json")
    picked = torch.randperm(len(replay), generator=generator)[: spec.replayed]
    rows += [replay[i] for i in picked.tolist()]
    return [encode(tokenizer, row["question"], row["answer"]) for row in rows]


def endless(rows: int, generator: torch.Generator):
    """Row numbers without end, a fresh order each pass."""
    while True:
        yield from epoch_order(rows, generator)


@torch.no_grad()
def reference_nll(model, examples: list[Example], pad_id: int, batch_size: int) -> torch.Tensor:
    """Summed answer NLL per example under the model before unlearning (NPO's reference), once."""
    sums = torch.empty(len(examples))
    for group in length_groups([len(example.ids) for example in examples], batch_size):
        batch = collate([examples[i] for i in group], pad_id)
        logits = model(input_ids=batch.input_ids, attention_mask=batch.attention_mask).logits
        sums[group] = token_nll(logits, batch.labels)[0]
    return sums
