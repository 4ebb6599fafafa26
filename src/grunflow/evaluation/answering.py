"""What evaluation asks of a model: likelihoods of given answers, greedy answers, drawn ones; by the fast path where it applies."""

import logging
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from grunflow.carriers.stack import Stack
from grunflow.data.prompts import Example
from grunflow.evaluation import shared_prompt
from grunflow.evaluation.drawing import Drawing
from grunflow.evaluation.generation import continued_ids, text_of
from grunflow.evaluation.scoring import Collected, Likelihoods, likelihoods
from grunflow.interventions.packed import unpackable

log = logging.getLogger(__name__)


@dataclass
class Asker:
    """A model with its carriers that is asked. Results depend neither on the engine nor on the batch size.

    engine: `fast` reads a prompt once for all its answers; it steps aside, with a line in the log, for models that cannot
    be packed. batch_size: prompts read at once, and answers scored at once.
    """

    stack: Stack
    tokenizer: Any
    engine: str
    max_new_tokens: int
    batch_size: int

    def ask(
        self, examples: Sequence[Example], continued: Sequence[int] = (), tokens_of: Collection[int] = ()
    ) -> tuple[Likelihoods, list[str]]:
        """Likelihoods of `examples`, and greedy answers to the prompts of examples[i] for i in `continued`.

        Args:
            tokens_of: indices of the examples whose single tokens are scored too.
        """
        longest = max(len(example.ids) + (self.max_new_tokens if continued else 0) for example in examples)
        reason = self._plain_reason(longest)
        if reason is None:
            found, ids = self._fast(examples, continued, tokens_of)
        else:
            log.info("plain evaluation: %s", reason)
            pad = self.tokenizer.pad_token_id
            found = likelihoods(self.stack, examples, pad, self.batch_size, tokens_of)
            prompts = [examples[i].ids[: examples[i].prompt_length] for i in continued]
            ids = continued_ids(self.stack, self.tokenizer, prompts, self.max_new_tokens, self.batch_size)
        return found, [text_of(self.tokenizer, answer) for answer in ids]

    @torch.no_grad()
    def draw(self, examples: Sequence[Example], drawing: Drawing) -> list[list[str]]:
        """Of each example's prompt so many answers, drawn."""
        uniforms = drawing.uniforms(len(examples), self.max_new_tokens)

        def choose(logits: Tensor, rows: Tensor, step: int) -> Tensor:
            return drawing.chosen(logits, uniforms[rows, step])

        prompts = [example.ids[: example.prompt_length] for example in examples for _ in range(drawing.draws)]
        longest = max(map(len, prompts)) + self.max_new_tokens
        reason = self._plain_reason(longest)
        if reason is None:
            ids = self._draw_fast(prompts, drawing.draws, choose)
        else:
            log.info("plain evaluation: %s", reason)
            ids = continued_ids(self.stack, self.tokenizer, prompts, self.max_new_tokens, self.batch_size, choose)
        said = [text_of(self.tokenizer, answer) for answer in ids]
        return [said[start : start + drawing.draws] for start in range(0, len(said), drawing.draws)]

    def _draw_fast(self, prompts: list[list[int]], draws: int, choose: shared_prompt.Choose) -> list[list[int]]:
        """A prompt is read once for all its draws; about batch_size answers grow together."""
        answers: list[list[int]] = [[] for _ in prompts]
        order = sorted(range(0, len(prompts), draws), key=lambda first: len(prompts[first]))
        size = max(1, self.batch_size // draws)
        for start in range(0, len(order), size):
            firsts = order[start : start + size]
            read = shared_prompt.read(self.stack, [prompts[first] for first in firsts])
            places = [first + draw for first in firsts for draw in range(draws)]
            found = shared_prompt.go_on(
                self.stack.model,
                read,
                [at for at in range(len(firsts)) for _ in range(draws)],
                self.tokenizer.eos_token_id,
                self.max_new_tokens,
                partial(_chosen, choose, torch.tensor(places)),
            )
            for place, answer in zip(places, found, strict=True):
                answers[place] = answer
        return answers

    def _plain_reason(self, longest: int) -> str | None:
        """Why texts of up to `longest` tokens are not packed; None where they are."""
        if self.engine != "fast":
            return f"engine is {self.engine}"
        if not self.stack.packable:
            return "more acts on the model than one carrier's edits"
        return unpackable(self.stack.model.config, longest)

    @torch.no_grad()
    def _fast(
        self, examples: Sequence[Example], continued: Sequence[int], tokens_of: Collection[int]
    ) -> tuple[Likelihoods, list[list[int]]]:
        found, model = Collected(len(examples), tokens_of), self.stack.model
        by_prompt: dict[tuple[int, ...], list[int]] = {}
        for index, example in enumerate(examples):
            by_prompt.setdefault(tuple(example.ids[: example.prompt_length]), []).append(index)
        places: dict[int, list[int]] = {}
        for place, index in enumerate(continued):
            places.setdefault(index, []).append(place)
        answers = [list[int]() for _ in continued]
        ordered = sorted(by_prompt, key=len)
        for start in range(0, len(ordered), self.batch_size):
            batch = ordered[start : start + self.batch_size]
            prompts = shared_prompt.read(self.stack, [list(prompt) for prompt in batch])
            asked = {at: by_prompt[prompt] for at, prompt in enumerate(batch)}
            for part in self._parts(asked):
                rows = {at: [examples[i].ids[examples[i].prompt_length :] for i in part[at]] for at in part}
                scores = shared_prompt.score_answers(model, prompts, rows)
                of_row = torch.tensor([at for at, several in part.items() for _ in several])
                gates = [logit.cpu()[of_row] for logit in prompts.gate_logits]
                found.add([i for several in part.values() for i in several], scores, gates)
            wanted = [(at, place) for at, several in asked.items() for i in several for place in places.get(i, ())]
            ids = shared_prompt.go_on(
                model, prompts, [at for at, _ in wanted], self.tokenizer.eos_token_id, self.max_new_tokens
            ) if wanted else []  # fmt: skip
            for (_, place), answer in zip(wanted, ids, strict=True):
                answers[place] = answer
        return found.all(), answers

    def _parts(self, asked: dict[int, list[int]]) -> Iterator[dict[int, list[int]]]:
        """Prompts with all their examples, about batch_size examples together."""
        part: dict[int, list[int]] = {}
        for at, several in asked.items():
            part[at] = several
            if sum(map(len, part.values())) >= self.batch_size:
                yield part
                part = {}
        if part:
            yield part


def _chosen(choose: shared_prompt.Choose, places: Tensor, logits: Tensor, rows: Tensor, step: int) -> Tensor:
    """By the rows' places among all prompts, not in their batch."""
    return choose(logits, places[rows], step)
