"""In which form a question and an answer are put to a model: the prompt template, and how the answer has begun already."""

from dataclasses import dataclass
from typing import Any

from grunflow.config.chat import Chat
from grunflow.data.prompts import Example, encode
from grunflow.data.words import seen_by_rouge


@dataclass(frozen=True)
class Form:
    """begins: words that stand in the prompt as the start of the answer, before it. given: so many first tokens of the answer
    stand there too; fewer where no word of the answer would be left."""

    tokenizer: Any
    template: str | Chat = "plain"
    begins: str = ""
    given: int = 0

    def example(self, question: str, answer: str) -> Example:
        """Question and answer as tokens; the edited position is the last of all that is given."""
        if not self.begins:
            return self._with_given(encode(self.tokenizer, question, answer, self.template), answer)
        whole = encode(self.tokenizer, question, f"{self.begins} {answer}", self.template)
        begun = encode(self.tokenizer, question, self.begins, self.template)
        return self._with_given(Example(whole.ids, _alike(whole.ids, begun.ids)), answer)

    def left(self, example: Example) -> str:
        """What is left of the answer for the model to say."""
        return self.tokenizer.decode(example.ids[example.prompt_length :], skip_special_tokens=True).strip()

    def _with_given(self, example: Example, answer: str) -> Example:
        """A partly given word counts as left: what follows it still tells something."""
        readable = seen_by_rouge(answer)
        for given in range(min(self.given, example.n_labels - 2), 0, -1):
            found = Example(example.ids, example.prompt_length + given)
            if seen_by_rouge(self.left(found)) or not readable:
                return found
        return example


def _alike(one: list[int], other: list[int]) -> int:
    """How many first tokens two texts share: at a seam that a tokenizer merges, one less."""
    unlike = (place for place, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1])
    return next(unlike, min(len(one), len(other)))
