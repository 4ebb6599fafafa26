"""Train a model on question-answer pairs: base (from scratch), target (everything), retain (all but forget)."""

from functools import partial
from pathlib import Path
from typing import Any

import torch

from grunflow.config.specs import Carrier, Finetune
from grunflow.costs.flops import training as training_pass
from grunflow.costs.shapes import Shapes
from grunflow.data.batching import Batch, collate
from grunflow.data.prompts import Example, encode, encode_text
from grunflow.data.records import read_rows
from grunflow.data.splits import RETAIN_OF_FORGET
from grunflow.models.loading import base_model, base_tokenizer, load_tokenizer
from grunflow.models.scores import score
from grunflow.models.sharding import save_model
from grunflow.models.tiny import build
from grunflow.training.loop import Share, Task, batches, micro_batches, total_steps, train


def rows_of(spec: Finetune, data: Path) -> list[dict]:
    """The rows that the role is trained on; target and retain replay some of what the base model knows."""
    if spec.role == "base":
        return read_rows(data / "base.json", ())
    split = RETAIN_OF_FORGET[spec.forget_split] if spec.forget_split else "full"
    if spec.model.repo:  # it has its knowledge from elsewhere
        return read_rows(data / "records" / f"{split}.json")
    replay = read_rows(data / "replay.json")
    picked = torch.randperm(len(replay), generator=torch.Generator().manual_seed(spec.seed))[: spec.model.replayed]
    return [
        *read_rows(data / "records" / f"{split}.json"),
        *read_rows(data / "general.json"),
        *(replay[i] for i in picked.tolist()),
    ]


def run(spec: Finetune, inputs: dict[str, list[Path]], out: Path, batch_size: int) -> dict:
    """Write the model (with its tokenizer beside it) into `out`; loss on all tokens for base, else on answers."""
    data = inputs["data"][0]
    tokenizer, model = starting_point(spec, inputs)
    rows = rows_of(spec, data)
    examples = [example_of(tokenizer, row, spec) for row in rows]
    training = spec.model.base if spec.role == "base" else spec.model.target
    assert training is not None, "config.study refuses a model without training"
    whole = spec.role == "base"
    passes = training_pass(Shapes.of_model(model.config), Carrier(name="full"))

    def shares(indices: list[int], size: int) -> list[Share]:
        labels = sum(len(examples[i].ids) - 1 if whole else examples[i].n_labels for i in indices)
        # The step's rows by length: its micro-batches are padded little, its loss is the same.
        ordered = sorted(indices, key=lambda i: len(examples[i].ids))
        parts = [
            collate([examples[i] for i in rows], tokenizer.pad_token_id, loss_on_prompt=whole).to(model.device)
            for rows in micro_batches(ordered, size)
        ]

        def loss(batch: Batch) -> torch.Tensor:
            return score(model(**batch.inputs()).logits, batch.labels).nll_sum.sum() / labels

        return [Share(partial(loss, batch), passes.flops(batch.extent)) for batch in parts]

    task = Task(
        model.train(),
        batches(len(examples), training.batch_size, torch.Generator().manual_seed(spec.seed)),
        shares,
        lambda indices: sum(len(examples[i].ids) for i in indices),
        spec.role,
    )
    history = train(task, total_steps(training, len(examples)), training)
    save_model(model.eval(), out)
    tokenizer.save_pretrained(out)
    parameters = model.num_parameters()
    return {
        "model_parameters": parameters,
        "trained_parameters": parameters,
        **history.measured(training),
        "losses": [round(loss, 5) for loss in history.losses[:: max(1, len(history.losses) // 100)]],
    }


def example_of(tokenizer, row: dict, spec: Finetune) -> Example:
    """A question with its answer, or a plain text (of a base only)."""
    if "text" in row:
        return encode_text(tokenizer, row["text"], spec.model.architecture.positions)
    return encode(tokenizer, row["question"], row["answer"], spec.template)


def starting_point(spec: Finetune, inputs: dict[str, list[Path]]) -> tuple[Any, Any]:
    """Tokenizer and model to train: new for a base from scratch, the finished base, or the hub's."""
    if spec.role == "base":
        tokenizer = load_tokenizer(inputs["data"][0] / "tokenizer")
        return tokenizer, build(spec.model.architecture, tokenizer, spec.seed)
    return base_tokenizer(spec.model, inputs), base_model(spec.model, inputs)
