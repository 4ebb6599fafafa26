"""The only place with prompt templates, and how a question and its answer become token ids."""

from dataclasses import dataclass
from typing import Any

from grunflow.config.chat import Chat
from grunflow.data.chat import conversation
from grunflow.errors import BadInput


@dataclass(frozen=True)
class Example:
    """A tokenised question and answer; ids[prompt_length - 1] is the last prompt token, the edited position."""

    ids: list[int]
    prompt_length: int

    @property
    def n_labels(self) -> int:
        return len(self.ids) - self.prompt_length


@dataclass(frozen=True)
class Template:
    """prompt and completion are str.format patterns; of the prompt's tokens the last `dropped` are not fed alone.

    dropped: a prompt that ends in a space has a last token that merges with the answer's first word.
    """

    prompt: str
    completion: str = "{answer}"
    dropped: int = 0


CHAT = "chat"  # in a config: the tokenizer's own chat template; where it is used a Chat stands in its place
# All but `plain` and `raw` are the authors' (b59fd78).
TEMPLATES = {
    # The answer starts with a space, so the last prompt token is the colon whatever the answer.
    "plain": Template("Question: {question}\nAnswer:", " {answer}"),
    # pyreft/dataset.py: a space before the newline; the trailing space's token is dropped.
    "authors": Template("Question: {question} \nAnswer: ", dropped=1),
    # baseline/data_module.py: the tokens of "Answer: " are labels.
    "baseline": Template("Question: {question}\n", "Answer: {answer}"),
    "llama2": Template("[INST] {question} [/INST]"),
    # A text and how it goes on.
    "raw": Template("{question}", "{answer}"),
}


def encode(tokenizer: Any, question: str, answer: str, template: str | Chat = "plain") -> Example:
    """Question and answer tokenised as one text, eos appended; the eos is a label.

    One text, because a SentencePiece tokenizer puts a space of its own before a text tokenised apart. A begin-of-text
    token is the tokenizer's affair.

    Raises:
        BadInput: the prompt's tokens are not the first tokens of the whole (template `plain` and chat, which promise it), or there
            are none.
    """
    if isinstance(template, Chat):
        asked, said = conversation(tokenizer, question, answer, template)
        return Example(said, len(asked))
    form = TEMPLATES[template]
    prompt = form.prompt.format(question=question)
    start = tokenizer(prompt)["input_ids"]
    if not start:
        raise BadInput(
            f"the tokenizer makes no token of {prompt[:40]!r}: its files are not of the class that transformers takes for this "
            "model; copy tokenizer.json and tokenizer_config.json from the model's own repository."
        )
    whole = tokenizer(prompt + form.completion.format(answer=answer))["input_ids"]
    if whole[-1] == tokenizer.eos_token_id:  # some tokenizers append it by themselves
        whole, start = whole[:-1], start[:-1]
    if template == "plain" and whole[: len(start)] != start:
        raise BadInput(
            f"template plain: this tokenizer merges the prompt's end with the answer {answer[:20]!r}; use another "
            "template (key `template`)."
        )
    return Example([*whole, tokenizer.eos_token_id], len(start) - form.dropped)


def encode_text(tokenizer, text: str, max_tokens: int, fraction: float = 1.0) -> Example:
    """A plain text cut to max_tokens, without eos; edited at the last of the first `fraction` of its tokens.

    Source: int(0.8 * length) in `make_last_position_supervised_wmdp_data_module` of the authors' code (b59fd78).
    """
    ids = tokenizer(text, truncation=True, max_length=max_tokens)["input_ids"]
    return Example(ids, max(1, int(fraction * len(ids))))


def text(question: str, answer: str) -> str:
    """Prompt and answer in the template `plain`: what a tokenizer from scratch is trained on."""
    form = TEMPLATES["plain"]
    return form.prompt.format(question=question) + form.completion.format(answer=answer)
