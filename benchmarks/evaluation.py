"""TOFU's evaluation by each engine, on equal parameters: scores of seven answers a question, and one generation.

The authors' flow runs the unedited model beside the edited one in every call, as `eval_tofu` of their code does: the right
answer, its paraphrase and the wrong ones in padded batches of their own, then a generation from left-padded prompts.
"""

import contextlib
import importlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from benchmarks.engines import Size, edited_stack
from benchmarks.lengths import examples
from grunflow.data.batching import collate
from grunflow.data.prompts import Example
from grunflow.evaluation.answering import Asker

WRONG, NEW_TOKENS, AUTHORS_BATCH, BATCH = 5, 64, 16, 64
EOS = 2


@dataclass
class Asked:
    """A set of questions: every answer of question i is an example, `firsts` are the right ones."""

    examples: list[Example]
    firsts: list[int]


@dataclass
class Answered:
    """What an engine gave: summed NLL of every example, nats, and the generated ids of every question."""

    nll: list[float]
    generated: list[list[int]]


Ask = Callable[[Asked], Answered]


def question_sets(lengths: str, sets: int, questions: int, vocabulary: int) -> list[Asked]:
    """Right answers of `lengths`; the paraphrase and the wrong answers are up to three tokens longer or shorter."""
    generator, found = torch.Generator().manual_seed(5), []
    for number in range(sets):
        asked = Asked([], [])
        for right in examples(lengths, questions, vocabulary, 21 + number):
            prompt, own = right.ids[: right.prompt_length], len(right.ids) - right.prompt_length
            asked.firsts.append(len(asked.examples))
            asked.examples.append(right)
            for _ in range(1 + WRONG):
                count = max(4, own + int(torch.randint(-3, 4, (1,), generator=generator)))
                answer = torch.randint(3, vocabulary, (count - 1,), generator=generator).tolist()
                asked.examples.append(Example([*prompt, *answer, EOS], len(prompt)))
        found.append(asked)
    return found


class Ids:
    """A tokenizer's half that evaluation reads; ids stand for text."""

    pad_token_id, eos_token_id = 0, EOS

    def decode(self, ids: list[int], **ignored: Any) -> str:
        return " ".join(map(str, ids))


def ours(size: Size, model: Any, engine: str) -> Ask:
    asker = Asker(edited_stack(size, model), Ids(), engine, NEW_TOKENS, BATCH)

    def ask(asked: Asked) -> Answered:
        found, texts = asker.ask(asked.examples, asked.firsts)
        return Answered(found.nll_sum.tolist(), [[int(word) for word in text.split()] for text in texts])

    return ask


def authors(reft: Any, size: Size) -> Ask:
    """Their evaluation flow on a model of theirs (engines.authors_model), in batches of AUTHORS_BATCH."""
    batch_loss = importlib.import_module("pyreft.reft_trainer").get_batch_loss
    depth = len(size.edited)

    def scored(part: list[Example]) -> list[float]:
        batch = collate(part, 0)
        places = [[[position] for position in batch.positions.tolist()]] * depth
        inputs = {"input_ids": batch.input_ids, "attention_mask": batch.attention_mask, "output_hidden_states": True}
        _, edited = reft(
            inputs, unit_locations={"sources->base": (None, places)}, labels=batch.labels, output_original_output=True
        )
        return batch_loss(edited.logits, batch.labels).tolist()

    def generated(prompts: list[list[int]]) -> list[list[int]]:
        longest = max(map(len, prompts))
        ids = torch.tensor([[EOS] * (longest - len(prompt)) + prompt for prompt in prompts])
        mask = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts])
        with contextlib.redirect_stdout(io.StringIO()):
            _, out = reft.generate(
                {"input_ids": ids, "attention_mask": mask},
                unit_locations={"sources->base": (None, [[[longest - 1]] * len(prompts)] * depth)},
                intervene_on_prompt=True, max_new_tokens=NEW_TOKENS, do_sample=False, eos_token_id=EOS,
                output_original_output=True,
            )  # fmt: skip
        rows = [row[longest:].tolist() for row in out]
        return [row[: row.index(EOS)] if EOS in row else row for row in rows]

    @torch.no_grad()
    def ask(asked: Asked) -> Answered:
        nll = [0.0] * len(asked.examples)
        kinds = [[first + kind for first in asked.firsts] for kind in (0, 1)]
        kinds.append([first + 2 + wrong for first in asked.firsts for wrong in range(WRONG)])
        for rows in kinds:
            for start in range(0, len(rows), AUTHORS_BATCH):
                part = rows[start : start + AUTHORS_BATCH]
                for index, value in zip(part, scored([asked.examples[i] for i in part]), strict=True):
                    nll[index] = value
        prompts = [asked.examples[i].ids[: asked.examples[i].prompt_length] for i in asked.firsts]
        starts = range(0, len(prompts), AUTHORS_BATCH)
        return Answered(nll, [row for start in starts for row in generated(prompts[start : start + AUTHORS_BATCH])])

    return ask


def least_flops(size: Size, asked: Asked, answered: Answered) -> float:
    """FLOPs that the fast path needs without any padding: prompts once, every other token once, logits at labels.

    2 x weights x tokens, and 4 x layers x width x (query, key) pairs of attention.
    """
    width, feed = size.hidden, size.hidden * 11 // 4
    block = 3 * width * width + 3 * width * feed  # query and output whole, key and value half; gate, up, down
    tokens = logits = pairs = 0
    for first, generation in zip(asked.firsts, answered.generated, strict=True):
        own = asked.examples[first : first + 2 + WRONG]
        prompt = own[0].prompt_length
        fed = [len(example.ids) - prompt - 1 for example in own]
        steps = min(len(generation), NEW_TOKENS - 1)  # the last new token is not fed
        tokens += prompt + sum(fed) + steps
        logits += sum(count + 1 for count in fed) + steps + 1
        pairs += prompt**2 + sum(count * (prompt + count) for count in fed)
        pairs += sum(prompt + step + 1 for step in range(steps))
    return 2 * (tokens * size.layers * block + logits * width * size.vocabulary) + 4 * size.layers * width * pairs
