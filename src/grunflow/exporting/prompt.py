"""The prompt that a run was trained and scored with, as the chat template of its tokenizer: whoever asks the exported model in
transformers' own way asks it in that form."""

import json
from typing import Any

from grunflow.config.chat import Chat
from grunflow.data.prompts import TEMPLATES


def put_form(tokenizer: Any, template: str | Chat) -> None:
    """Give a tokenizer a chat template that writes the last message as a question; where the form is the tokenizer's own, keep that.

    `apply_chat_template([{"role": "user", "content": question}], add_generation_prompt=True)` are then the tokens of the prompt. Of a
    form whose last token is not fed (a space) the prompt ends before it.
    """
    if isinstance(template, Chat):
        return
    form = TEMPLATES[template]
    before, after = form.prompt.split("{question}")
    after = after.rstrip(" ") if form.dropped else after
    begun = tokenizer("a")["input_ids"][:1] == [tokenizer.bos_token_id]  # a template's text gets no special tokens
    parts = [*(["bos_token"] if begun else []), json.dumps(before), "messages[-1]['content']", json.dumps(after)]
    tokenizer.chat_template = "{{ " + " + ".join(parts) + " }}"


def form_in_words(template: str | Chat) -> str:
    """For people."""
    if isinstance(template, Chat):
        return "the tokenizer's chat template" + (
            f", with the system prompt {template.system!r}" if template.system else ""
        )
    return f"`{json.dumps(TEMPLATES[template].prompt)}`"
