"""Train a model on question-answer pairs: base (from scratch), target (everything), retain (all but forget)."""

from pathlib import Path

import torch

from grunflow.config.names import RETAIN_OF_FORGET
from grunflow.config.specs import Finetune
from grunflow.data.batching import collate
from grunflow.data.prompts import Example, encode
from grunflow.data.records import read_rows
from grunflow.models.loading import load_model, load_tokenizer
from grunflow.models.tiny import build
from grunflow.objectives.scores import token_nll
from grunflow.training.loop import train


def rows_of(spec: Finetune, data: Path) -> list[dict]:
    """The rows that the role is trained on; target and retain replay some of what the base model knows."""
    if spec.role == "base":
        return read_rows(data / "base.json")
    split = RETAIN_OF_FORGET[spec.forget_split] if spec.forget_split else "full"
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
    tokenizer = load_tokenizer(data / "tokenizer")
    if spec.role == "base":
        model = build(spec.model.architecture, tokenizer, spec.seed)
    else:
        model = load_model(inputs["base"][0])
    examples: list[Example] = [encode(tokenizer, row["question"], row["answer"]) for row in rows_of(spec, data)]
    training = spec.model.base if spec.role == "base" else spec.model.target
    tokens = 0

    def loss_of(indices: list[int], share: float) -> torch.Tensor:
        nonlocal tokens
        batch = collate([examples[i] for i in indices], tokenizer.pad_token_id, loss_on_prompt=spec.role == "base")
        tokens += int(batch.attention_mask.sum())
        logits = model(input_ids=batch.input_ids, attention_mask=batch.attention_mask).logits
        nll_sum, n_labels = token_nll(logits, batch.labels)
        return share * nll_sum.sum() / n_labels.sum()

    model.train()
    history = train(
        list(model.parameters()),
        loss_of,
        len(examples),
        training,
        torch.Generator().manual_seed(spec.seed),
        spec.role,
    )
    model.eval().save_pretrained(out)
    tokenizer.save_pretrained(out)
    parameters = model.num_parameters()
    return {
        "model_parameters": parameters,
        "trained_parameters": parameters,
        "tokens": tokens,
        "steps": len(history.losses),
        "losses": [round(loss, 5) for loss in history.losses[:: max(1, len(history.losses) // 100)]],
    }
