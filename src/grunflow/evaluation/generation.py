"""Answers of the model's own, in groups of equal prompt length: no left padding, and the edit acts at one position."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList

from grunflow.carriers.stack import Stack
from grunflow.evaluation.shared_prompt import Choose


def equal_length_groups(lengths: Sequence[int], batch_size: int) -> Iterator[list[int]]:
    """Indices with one prompt length each, at most batch_size together, shortest first."""
    by_length: dict[int, list[int]] = defaultdict(list)
    for index, length in enumerate(lengths):
        by_length[length].append(index)
    for length in sorted(by_length):
        group = by_length[length]
        for start in range(0, len(group), batch_size):
            yield group[start : start + batch_size]


class Chosen(LogitsProcessor):
    """Leaves of each row's scores one token, which `choose` takes: what is greedy then goes its way."""

    def __init__(self, choose: Choose, rows: list[int], prompt: int) -> None:
        self.choose, self.rows, self.prompt = choose, torch.tensor(rows), prompt

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        token = self.choose(scores, self.rows, input_ids.shape[1] - self.prompt)
        return torch.full_like(scores, -torch.inf).scatter(1, token[:, None], 0.0)


@torch.no_grad()
def continued_ids(
    stack: Stack,
    tokenizer,
    prompts: Sequence[list[int]],
    max_new_tokens: int,
    batch_size: int,
    choose: Choose | None = None,
) -> list[list[int]]:
    """Continuation of each prompt, greedy unless `choose` says otherwise: token ids up to the eos and without it.

    The intervention acts once, at the last prompt token, while the prompt is read; later tokens see it through
    the keys and values. Source: the authors' grun_eval.py:98 to 104 (b59fd78), which generates greedily with the edit at the
    prompt's last token (pyreft/dataset.py).
    """
    answers: list[list[int]] = [[] for _ in prompts]
    for group in equal_length_groups([len(prompt) for prompt in prompts], batch_size):
        ids = torch.tensor([prompts[i] for i in group], device=stack.model.device)
        positions = torch.full((len(group),), ids.shape[1] - 1, device=ids.device)
        with stack.acting(positions), _plainly_greedy(stack.model):
            out = stack.model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=max_new_tokens,
                do_sample=False,
                logits_processor=LogitsProcessorList([] if choose is None else [Chosen(choose, group, ids.shape[1])]),
                pad_token_id=tokenizer.pad_token_id,
                eos_token_id=tokenizer.eos_token_id,
            )
        for index, row in zip(group, out[:, ids.shape[1] :].tolist(), strict=True):
            stop = row.index(tokenizer.eos_token_id) if tokenizer.eos_token_id in row else len(row)
            answers[index] = row[:stop]
    return answers


@contextmanager
def _plainly_greedy(model: Any) -> Iterator[None]:
    """Without what the model's own generation_config.json asks for (a repetition penalty, say): generate fills in from it
    whatever a call leaves open, and the fast engine reads none of it."""
    own, model.generation_config = model.generation_config, GenerationConfig()
    try:
        yield
    finally:
        model.generation_config = own


def text_of(tokenizer, ids: Sequence[int]) -> str:
    """Generated ids as text: special tokens removed, spaces kept as generated."""
    return tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False).strip()
