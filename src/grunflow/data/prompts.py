"""The only place with prompt templates."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """A tokenised question and answer; ids[prompt_length - 1] is the last prompt token, the edited position."""

    ids: list[int]
    prompt_length: int


def prompt(question: str) -> str:
    """The answer starts with a space, so the last prompt token is the colon whatever the answer."""
    return f"Question: {question}\nAnswer:"


def completion(answer: str) -> str:
    return f" {answer}"


def encode(tokenizer, question: str, answer: str) -> Example:
    """Prompt and answer tokenised apart, eos appended; the eos is a label."""
    start = tokenizer(prompt(question))["input_ids"]
    end = tokenizer(completion(answer), add_special_tokens=False)["input_ids"]
    return Example([*start, *end, tokenizer.eos_token_id], len(start))
