"""A question and its answer in the tokenizer's own chat template, as Instruct models were trained on them.

Source: `preprocess_chat_instance` of open-unlearning (d3d7cf9, src/data/utils.py): the prompt ends where the template lets the
assistant speak, what follows in the whole conversation is the answer with its end. Deviation: a template that writes more behind
the end of the turn is cut there, and a prompt that is not the beginning of the whole is refused, not masked.
"""

from typing import Any

from grunflow.config.chat import Chat
from grunflow.errors import BadInput


def conversation(tokenizer: Any, question: str, answer: str, chat: Chat) -> tuple[list[int], list[int]]:
    """Token ids of the prompt, and of the whole with the end of text as its last.

    Raises:
        BadInput: the tokenizer has no chat template, or one that refuses the conversation or wants a date; or the prompt's tokens
            are not the first ones of the whole.
    """
    asked = [{"role": "system", "content": chat.system}] if chat.system else []
    asked.append({"role": "user", "content": question})
    said = [*asked, {"role": "assistant", "content": answer}]
    start = _ids(tokenizer, _written(tokenizer, asked, chat, True))
    whole = _ids(tokenizer, _written(tokenizer, said, chat, False))
    if whole[: len(start)] != start:
        raise BadInput(
            f"template chat: the tokenizer's template begins the answer {answer[:20]!r} otherwise than the prompt ends; take another "
            "template (keys of `conventions`)."
        )
    return start, _ended(whole, len(start), tokenizer.eos_token_id)


def _written(tokenizer: Any, turns: list[dict[str, str]], chat: Chat, prompting: bool) -> str:
    from jinja2 import TemplateError

    stated = {"date_string": chat.date} if chat.date else {}
    try:
        _check_date(tokenizer.get_chat_template(), chat)
        return tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=prompting, **stated)
    except BadInput:
        raise
    except (ValueError, TemplateError) as error:
        reason = " ".join(str(error).split())[:200]
        raise BadInput(
            f"template chat: {reason}; take an Instruct model, leave conventions.chat.system out, or take another template."
        ) from None


def _check_date(template: str, chat: Chat) -> None:
    """Refuse a template that may state today's date (transformers gives it `strftime_now`): tomorrow's prompts would be others
    under the same spec."""
    if "strftime_now" not in template:
        return
    if "date_string" not in template:
        raise BadInput(
            "template chat: the tokenizer's template states today's date and takes no other; take another template."
        )
    if not chat.date:
        raise BadInput(
            "template chat: the tokenizer's template states today's date, which changes; set conventions.chat.date."
        )


def _ids(tokenizer: Any, text: str) -> list[int]:
    """The template writes special tokens itself."""
    return tokenizer(text, add_special_tokens=False)["input_ids"]


def _ended(ids: list[int], start: int, end: int) -> list[int]:
    """Up to the last end of text behind the prompt; with one where the template writes none."""
    last = max((place for place in range(start, len(ids)) if ids[place] == end), default=None)
    return [*ids, end] if last is None else ids[: last + 1]
