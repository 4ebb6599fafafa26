"""A guardrail beside a model: a probe reads a hidden state of the prompt, and where it closes the answer is a refusal.

Nothing is taken out of the model. It is what a gate would be with a refusal in place of an edit.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from grunflow.carriers.stack import Stack
from grunflow.data.batching import collate
from grunflow.data.prompts import Example
from grunflow.evaluation.answering import Asker
from grunflow.evaluation.drawing import Drawing
from grunflow.evaluation.form import Form
from grunflow.evaluation.scoring import Likelihoods


@dataclass(frozen=True)
class Guard:
    """closes: states (row, width) of the last prompt token behind `block` -> whether it closes on each. refusal: what is said then."""

    block: int
    closes: Callable[[Float[Tensor, "row width"]], Bool[Tensor, " row"]]
    refusal: str


@dataclass(frozen=True)
class GuardedExample(Example):
    """refused: the same answer behind the refusal."""

    refused: Example


@dataclass(frozen=True)
class GuardedForm(Form):
    """A form whose examples hold both, what is asked where the guard is open and where it is closed."""

    refusal: str = ""

    def example(self, question: str, answer: str) -> GuardedExample:
        """As Form.example; one text is tokenised for each of the two."""
        plain = super().example(question, answer)
        refusing = replace(self, begins=f"{self.begins} {self.refusal}".strip())
        return GuardedExample(plain.ids, plain.prompt_length, Form.example(refusing, question, answer))


@dataclass
class GuardedAsker(Asker):
    """An Asker whose model is asked behind a guard: of prompts at which that closes, the greedy answer is the refusal, drawn ones too,
    and likelihoods (and the gates beside them) are of answers that come behind it."""

    guard: Guard

    def ask(
        self, examples: Sequence[Example], continued: Sequence[int] = (), tokens_of: Collection[int] = ()
    ) -> tuple[Likelihoods, list[str]]:
        """As Asker.ask."""
        closed = self._closed(examples)
        put = [_put(example, shut) for example, shut in zip(examples, closed, strict=True)]
        found, answers = super().ask(put, [place for place in continued if not closed[place]], tokens_of)
        written = iter(answers)
        return found, [self.guard.refusal if closed[place] else next(written) for place in continued]

    def draw(self, examples: Sequence[Example], drawing: Drawing) -> list[list[str]]:
        """As Asker.draw."""
        drawn = super().draw(examples, drawing)
        return [
            [self.guard.refusal] * drawing.draws if shut else answers
            for answers, shut in zip(drawn, self._closed(examples), strict=True)
        ]

    def _closed(self, examples: Sequence[Example]) -> list[bool]:
        """Of each example, by its prompt, which is read once for all of its answers."""
        prompts = [tuple(example.ids[: example.prompt_length]) for example in examples]
        once = dict(zip(prompts, examples, strict=True))
        states = prompt_states(
            self.stack, list(once.values()), self.guard.block, self.tokenizer.pad_token_id, self.batch_size
        )
        found = dict(zip(once, self.guard.closes(states).tolist(), strict=True))
        return [found[prompt] for prompt in prompts]


def _put(example: Example, shut: bool) -> Example:
    assert isinstance(example, GuardedExample), "examples come from Asking.form, which knows the guard"
    return example.refused if shut else example


@torch.no_grad()
def prompt_states(
    stack: Stack, examples: Sequence[Example], block: int, pad_id: int, batch_size: int
) -> Float[Tensor, "row width"]:
    """States behind a block at the last prompt token, in float32 on the CPU; behind the block's edit, where it has one."""
    found = []
    for start in range(0, len(examples), batch_size):
        prompts = [
            Example(example.ids[: example.prompt_length], example.prompt_length)
            for example in examples[start : start + batch_size]
        ]
        batch = collate(prompts, pad_id).to(stack.model.device)
        hidden = stack.states(batch, block).hidden
        rows = torch.arange(batch.n_rows, device=hidden.device)
        found.append(hidden[rows, batch.positions].float().cpu())
    return torch.cat(found)
