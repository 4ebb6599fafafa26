"""A model's own chat template in place of a prompt template: what stands around a question and its answer."""

from pydantic import Field

from grunflow.config.base import Strict


class Chat(Strict):
    """The tokenizer's chat template with one question and one answer in it."""

    system: str = Field("", description="system prompt; empty: none")
    date: str = Field(
        "",
        description="the date that a template states, as its `date_string`; such a template needs one, for today's changes",
    )
