"""The fast path of evaluation: a prompt is read once for all its answers and for the answer that is generated.

Every weight stays as it is, so by causality the keys and values of a prompt's tokens are the same whatever follows. Rows
are packed without padding, logits are taken at labels only, rows that have ended leave a generation.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from grunflow.carriers.stack import Stack
from grunflow.interventions.packed import Group, attend_in_groups, run_blocks
from grunflow.models.scores import Scores, label_scores

ROWS_PER_GROUP = 8
# (logits, row of each in the whole, place of the token) -> the next token of each row.
Choose = Callable[[Float[Tensor, "row vocab"], Int[Tensor, " row"], int], Int[Tensor, " row"]]


@dataclass
class Prompts:
    """Prompts that were read: keys and values of each one's tokens per block, and the state behind its last token."""

    lengths: list[int]
    starts: list[int]
    groups: list[Group]
    keys: list[Float[Tensor, "group token size"]] = field(default_factory=list)
    values: list[Float[Tensor, "group token size"]] = field(default_factory=list)
    last: Float[Tensor, "prompt width"] = field(default_factory=lambda: torch.empty(0, 0))
    gate_logits: list[Float[Tensor, " prompt"]] = field(default_factory=list)

    def attend(self, block: int, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        self.keys.append(key)
        self.values.append(value)
        return attend_in_groups(self.groups, query, key, value, scale, [None] * len(self.groups))

    def of(self, prompt: int, block: int) -> tuple[Tensor, Tensor]:
        """Keys and values of one prompt in one block, (group, length, size)."""
        part = slice(self.starts[prompt], self.starts[prompt] + self.lengths[prompt])
        return self.keys[block][:, part], self.values[block][:, part]


def read(stack: Stack, prompts: Sequence[list[int]]) -> Prompts:
    """Run the prompts, in order of their lengths, with the carriers acting at each one's last token."""
    model, lengths = stack.model, [len(ids) for ids in prompts]
    device = model.device
    ends = torch.tensor(lengths).cumsum(0)
    starts = (ends - torch.tensor(lengths)).tolist()
    parts = [slice(at, at + ROWS_PER_GROUP) for at in range(0, len(prompts), ROWS_PER_GROUP)]
    groups = [Group.of(lengths[part], [0] * len(lengths[part]), device) for part in parts]
    found = Prompts(lengths, starts, groups)
    ids = torch.tensor([token for prompt in prompts for token in prompt], device=device)
    positions = torch.cat([torch.arange(length) for length in lengths]).to(device)
    edited = (ends - 1).to(device)
    hidden, found.gate_logits = run_blocks(model, _embedded(model, ids), positions, found, stack.edits, edited)
    found.last = model.model.norm(hidden[edited])
    return found


@dataclass
class _Answers:
    """All answers of a prompt attend together, each to the prompt and to itself."""

    prompts: Prompts
    of_prompt: list[int]
    groups: list[Group]

    def attend(self, block: int, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        earlier = [
            self._prompt_of(group, prompt, block) for group, prompt in zip(self.groups, self.of_prompt, strict=True)
        ]
        return attend_in_groups(self.groups, query, key, value, scale, earlier)

    def _prompt_of(self, group: Group, prompt: int, block: int) -> tuple[Tensor, Tensor]:
        """Keys and values of the prompt, the same for every row of the group."""
        keys, values = self.prompts.of(prompt, block)
        rows = len(group.mask)
        return keys.expand(rows, -1, -1, -1), values.expand(rows, -1, -1, -1)


def score_answers(model: Any, prompts: Prompts, answers: dict[int, list[list[int]]]) -> Scores:
    """Scores of answers (token ids, eos among them), a row each, in the order of the dict: prompt -> its answers."""
    device, rows = model.device, [(prompt, ids) for prompt, several in answers.items() for ids in several]
    # The prompt's last state predicts the first token; the last token of an answer predicts nothing and is not fed.
    fed = [(prompt, ids[:-1]) for prompt, ids in rows]
    positions = torch.cat([torch.arange(len(ids)) + prompts.lengths[prompt] for prompt, ids in fed]).to(device)
    groups, of_prompt = [], []
    for prompt, several in answers.items():
        own = [len(ids) - 1 for ids in several if len(ids) > 1]
        if own:
            groups.append(Group.of(own, [prompts.lengths[prompt]] * len(own), device))
            of_prompt.append(prompt)
    states = prompts.last
    if groups:
        tokens = torch.tensor([token for _, ids in fed for token in ids], device=device)
        nowhere = torch.empty(0, dtype=torch.long, device=device)
        attending = _Answers(prompts, of_prompt, groups)
        hidden, _ = run_blocks(model, _embedded(model, tokens), positions, attending, {}, nowhere)
        states = torch.cat([states, model.model.norm(hidden)])
    predicting, start = [], len(prompts.lengths)
    for prompt, ids in fed:
        predicting += [prompt, *range(start, start + len(ids))]
        start += len(ids)
    labels = torch.tensor([token for _, ids in rows for token in ids], device=device)
    lengths = torch.tensor([len(ids) for _, ids in rows], device=device)
    row = torch.repeat_interleave(torch.arange(len(rows), device=device), lengths)
    logits = model.lm_head(states[torch.tensor(predicting, device=device)])
    return label_scores(logits, labels, row, len(rows))


class _Growing:
    """Keys and values of prompts, padded on the left so that every row's next token has one place."""

    def __init__(self, prompts: Prompts, wanted: list[int], new_tokens: int) -> None:
        lengths = [prompts.lengths[prompt] for prompt in wanted]
        self.used = max(lengths)
        places = torch.arange(self.used + new_tokens)
        first = self.used - torch.tensor(lengths)
        self.mask = (places[None] >= first[:, None])[:, None, None].to(prompts.last.device)
        self.keys: list[Tensor] = []
        self.values: list[Tensor] = []
        for block in range(len(prompts.keys)):
            for kept, kind in ((self.keys, 0), (self.values, 1)):
                heads, _, size = prompts.keys[block].shape
                whole = prompts.keys[block].new_zeros(len(wanted), heads, len(places), size)
                for row, prompt in enumerate(wanted):
                    whole[row, :, self.used - lengths[row] : self.used] = prompts.of(prompt, block)[kind]
                kept.append(whole)

    def keep(self, rows: Int[Tensor, " row"]) -> None:
        self.mask = self.mask[rows]
        for kept in (self.keys, self.values):  # block by block: the whole is never there twice
            for block, part in enumerate(kept):
                kept[block] = part[rows]

    def attend(self, block: int, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        keys, values, now = self.keys[block], self.values[block], self.used + 1
        keys[:, :, self.used], values[:, :, self.used] = key.transpose(0, 1), value.transpose(0, 1)
        # The heads of a group stand where a kernel expects positions: one token has one, and no key is repeated.
        heads = query.transpose(0, 1).unflatten(1, (len(key), -1))
        out = scaled_dot_product_attention(
            heads, keys[:, :, :now], values[:, :, :now], attn_mask=self.mask[..., :now], scale=scale
        )
        return out.flatten(1, 2)


def likeliest(logits: Float[Tensor, "row vocab"], rows: Int[Tensor, " row"], step: int) -> Int[Tensor, " row"]:
    return logits.argmax(dim=-1)


def go_on(
    model: Any, prompts: Prompts, wanted: list[int], eos_id: int, max_new_tokens: int, choose: Choose = likeliest
) -> list[list[int]]:
    """Continuation of prompts `wanted`, greedy unless `choose` says otherwise: token ids up to the eos and without it; ended rows
    leave the batch."""
    device, answers = model.device, [list[int]() for _ in wanted]
    cache = _Growing(prompts, wanted, max_new_tokens)
    row_of = torch.arange(len(wanted))
    positions = torch.tensor([prompts.lengths[prompt] for prompt in wanted], device=device)
    nowhere = torch.empty(0, dtype=torch.long, device=device)
    token = choose(model.lm_head(prompts.last[wanted]), row_of, 0)
    for step in range(max_new_tokens):
        going = (token != eos_id).cpu()
        if not going.all():
            kept = going.nonzero()[:, 0].to(device)
            token, positions, row_of = token[kept], positions[kept], row_of[going]
            cache.keep(kept)
        for row, last in zip(row_of.tolist(), token.tolist(), strict=True):
            answers[row].append(last)
        if not len(token) or step + 1 == max_new_tokens:
            break
        hidden, _ = run_blocks(model, _embedded(model, token), positions, cache, {}, nowhere)
        token = choose(model.lm_head(model.model.norm(hidden)), row_of, step + 1)
        cache.used += 1
        positions = positions + 1
    return answers


def _embedded(model: Any, ids: Int[Tensor, " token"]) -> Float[Tensor, "token width"]:
    return model.model.embed_tokens(ids)
