"""Answers drawn token by token. What is drawn follows from the question's place, the draw and the token's place alone, through
numbers that were drawn before: neither the engine nor the batch size changes an answer."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from grunflow.seeds import generator


@dataclass(frozen=True)
class Drawing:
    """draws: answers per question. temperature: logits are divided by it; 0: the likeliest token, always. top_p: tokens are drawn
    among the likeliest that hold this much of the probability."""

    draws: int
    temperature: float
    top_p: float
    seed: int

    def uniforms(self, questions: int, tokens: int) -> Float[Tensor, "answer token"]:
        """A number from [0, 1) for every token of every draw, of one question after the other."""
        parts = [
            torch.rand(self.draws, tokens, generator=generator(self.seed, f"draws {place}"), dtype=torch.float64)
            for place in range(questions)
        ]
        return torch.cat(parts)

    def chosen(self, logits: Float[Tensor, "row vocab"], uniform: Float[Tensor, " row"]) -> Int[Tensor, " row"]:
        """The token of each row: where its number falls in the likeliest tokens' probabilities, laid end to end.

        A token is kept while those before it hold less than top_p (the nucleus of Holtzman et al., 1904.09751, as transformers'
        TopPLogitsWarper keeps it).
        """
        if self.temperature == 0:
            return logits.argmax(dim=-1)
        probabilities, tokens = torch.softmax(logits.double() / self.temperature, -1).sort(-1, descending=True)
        before = probabilities.cumsum(-1) - probabilities
        kept = probabilities * (before < self.top_p)
        upto = kept.cumsum(-1)
        wanted = uniform.to(upto)[:, None] * upto[:, -1:]
        place = (upto <= wanted).sum(-1).clamp_max(upto.shape[-1] - 1)
        return tokens.gather(-1, place[:, None])[:, 0]
